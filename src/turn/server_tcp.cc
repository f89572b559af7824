// TCP allocations (RFC 6062): Connect, connections of peers, ConnectionBind. What the two connections then carry never
// comes here; the owner only tells how much it was.
#include <algorithm>
#include <utility>
#include <vector>

#include "turn/server.h"

namespace tidewire::turn {

using stun::AttributeType;
using stun::ErrorNumber;
using State = TcpConnection::State;

std::optional<ErrorNumber> Server::read_tcp_allocate(const Request& request, Wanted& wanted) const {
  const stun::MessageView& message = request.message;
  // RFC 6062 §5.1: only on a connection, and with none of what belongs to UDP.
  if (!request.reply.client.stream.value() || message.has(AttributeType::kDontFragment) ||
      message.has(AttributeType::kEvenPort) || message.has(AttributeType::kReservationToken)) {
    return ErrorNumber::kBadRequest;
  }
  wanted.tcp = true;
  return read_families(message, wanted);
}

// Each connection says three things at most: ConnectPeer, Splice, ClosePeer.
bool Server::has_room_for_connection(const Allocation& allocation) const {
  return connections_.has_room(allocation) &&
         connection_events_.size() + 3 * (connections_.size() + 1) <= connection_events_.limit();
}

// RFC 6062 §5.2
std::optional<ErrorNumber> Server::check_connect(const Allocation& allocation, const SocketAddress& peer) {
  if (connections_.find(allocation, peer) != nullptr) return ErrorNumber::kConnectionAlreadyExists;
  const Family family = family_of(peer.ip);
  const Relay& relay = allocation.relay(family);
  if (relay.port == 0) return ErrorNumber::kPeerAddressFamilyMismatch;  // RFC 8656 §10.2, for the same reason
  if (!policy_.allows(peer.ip) || !policy_.allows_port(peer)) return ErrorNumber::kForbidden;
  // A socket that is connected with itself gives back what it is given.
  const bool own = same(peer.ip, *relay_ip(family)) || is_advertised_relay(peer);
  if (own && peer.port == relay.port) return ErrorNumber::kForbidden;
  // RFC 6062 has no limit, and no code for it; RFC 8656 §10.2 has this one for the limit of permissions.
  if (!has_room_for_connection(allocation)) return ErrorNumber::kInsufficientCapacity;
  return std::nullopt;
}

void Server::handle_connect(const Request& request, Allocation& allocation) {
  // RFC 6062 §5.2: there is no allocation of the kind that this is for.
  if (!allocation.tcp) return send_error(request.reply, ErrorNumber::kAllocationMismatch);
  const auto peer = request.message.find_xor_address(AttributeType::kXorPeerAddress);
  if (!peer) return send_error(request.reply, ErrorNumber::kBadRequest);
  if (const auto error = check_connect(allocation, *peer)) return send_error(request.reply, *error);
  TcpConnection& connection = connections_.add(allocation, *peer, State::kConnecting, random_, request.now);
  connection.connect = request.reply;
  const Family family = family_of(peer->ip);
  SocketAddress to = *peer;
  // Another client's relayed port, as that one was told: no NAT need turn it around.
  if (is_advertised_relay(to)) to.ip = *relay_ip(family);
  say(ConnectPeer{connection.id, {*relay_ip(family), allocation.relay(family).port}, to});
}

void Server::peer_connected(ConnectionId id, Timestamp now) {
  TcpConnection* connection = connections_.find(id);
  if (connection == nullptr || connection->state != State::kConnecting) return;
  connections_.set_state(*connection, State::kPending, now);
  const ReplyTo& reply = connection->connect;
  Packet packet = pool_.make();
  stun::MessageBuilder builder(packet, stun::MessageClass::kSuccess, reply.method, reply.transaction);
  builder.add_u32(AttributeType::kConnectionId, id.value());
  send(packet, builder, reply);
}

void Server::peer_connect_failed(ConnectionId id, Timestamp) {
  const TcpConnection* connection = connections_.find(id);
  if (connection == nullptr || connection->state != State::kConnecting) return;
  send_error(connection->connect, ErrorNumber::kConnectionTimeoutOrFailure);
  connections_.erase(id);
}

// RFC 6062 §5.3
std::optional<ConnectionId> Server::peer_accepted(const SocketAddress& relay, const SocketAddress& remote,
                                                  Timestamp now) {
  Allocation* allocation = is_relay(relay) ? owners(family_of(relay.ip)).find(relay.port) : nullptr;
  SocketAddress peer = remote;
  const auto& advertised = advertised_ip(family_of(peer.ip));
  if (advertised && is_relay(peer)) peer.ip = *advertised;
  if (allocation == nullptr || !allocation->tcp || !allocation->lives(now) || !allocation->permits(peer.ip, now) ||
      !policy_.allows_port(peer) || !has_room_for_connection(*allocation)) {
    ++stats_.dropped_from_peers;
    return std::nullopt;
  }
  const ConnectionId id = connections_.add(*allocation, peer, State::kPending, random_, now).id;
  stun::TransactionId transaction{};
  random_.fill(transaction);
  Packet packet = pool_.make();
  stun::MessageBuilder builder(packet, stun::MessageClass::kIndication, stun::Method::kConnectionAttempt, transaction);
  builder.add_u32(AttributeType::kConnectionId, id.value());
  builder.add_xor_address(AttributeType::kXorPeerAddress, peer);
  send(packet, builder, {.client = allocation->made_by.client, .fingerprint = allocation->made_by.fingerprint});
  return id;
}

TcpConnection* Server::to_be_bound(const stun::MessageView& message) {
  const auto id = message.find_u32(AttributeType::kConnectionId);
  return id ? connections_.find(ConnectionId(*id)) : nullptr;
}

// RFC 6062 §5.4
void Server::handle_connection_bind(const Request& request) {
  const FiveTuple& client = request.reply.client;
  TcpConnection* connection = to_be_bound(request.message);
  // RFC 6062 §4.3: on a connection that is made for it. RFC 8656 §5: an allocation is its maker's alone; whoever else
  // asks does not learn that the id is one.
  if (!client.stream.value() || allocations_.find(client) != nullptr || connection == nullptr ||
      connection->state != State::kPending || connection->allocation->username != request.username) {
    return send_error(request.reply, ErrorNumber::kBadRequest);
  }
  connections_.set_state(*connection, State::kBound, request.now);
  say(Splice{connection->id, client});
  Packet packet = pool_.make();
  stun::MessageBuilder builder(packet, stun::MessageClass::kSuccess, request.reply.method, request.reply.transaction);
  builder.add_u32(AttributeType::kConnectionId, connection->id.value());
  send(packet, builder, request.reply);
}

Timestamp Server::spliced(ConnectionId id, const SplicedBytes& bytes, Timestamp now) {
  const TcpConnection* connection = connections_.find(id);
  if (connection == nullptr) return now;
  Allocation& allocation = *connection->allocation;
  allocation.counters.to_peers_bytes += bytes.to_peer;
  allocation.counters.to_client_bytes += bytes.to_client;
  stats_.to_peers_bytes += bytes.to_peer;
  stats_.to_clients_bytes += bytes.to_client;
  if (cost_per_byte_ == 0) return now;
  // As over_rate(), but a stream can wait.
  allocation.paid_until = std::max(allocation.paid_until, now) + cost_of(bytes.to_peer + bytes.to_client);
  return std::max(now, allocation.paid_until - kRateBurst);
}

void Server::peer_closed(ConnectionId id, Timestamp) { connections_.erase(id); }

void Server::close_connection(const TcpConnection& connection) {
  const ConnectionId id = connection.id;
  connections_.erase(id);
  say(ClosePeer{id});
}

// Those with peers that the predicate names.
template <typename Predicate>
void Server::close_connections(Allocation& allocation, Predicate is_to_go) {
  const std::vector<ConnectionId> ids = allocation.connections;
  for (const ConnectionId id : ids) {
    const TcpConnection* connection = connections_.find(id);
    if (connection != nullptr && is_to_go(connection->peer)) close_connection(*connection);
  }
}

void Server::close_connections(Allocation& allocation, Family family) {
  close_connections(allocation, [family](const SocketAddress& peer) { return family_of(peer.ip) == family; });
}

void Server::close_forbidden_connections(Allocation& allocation) {
  close_connections(
      allocation, [this](const SocketAddress& peer) { return !policy_.allows(peer.ip) || !policy_.allows_port(peer); });
}

void Server::expire_connections(Timestamp now) {
  while (const TcpConnection* first = connections_.first_to_expire()) {
    if (first->deadline > now) break;
    // RFC 6062 §5.2
    if (first->state == State::kConnecting) send_error(first->connect, ErrorNumber::kConnectionTimeoutOrFailure);
    close_connection(*first);
  }
}

// Has room: see has_room_for_connection().
void Server::say(ConnectionEvent event) { (void)connection_events_.push(event); }

}  // namespace tidewire::turn
