#include "turn/server.h"

#include <algorithm>
#include <utility>

namespace tidewire::turn {
namespace {

PortOwners owners_for(const ServerConfig& config, const std::optional<IpAddress>& ip) {
  return ip && config.first_relay_port > 0 ? PortOwners(config.first_relay_port, config.last_relay_port)
                                           : PortOwners(1, 0);
}

}  // namespace

Server::Server(const ServerConfig& config, crypto::Random random, const WallClockAnchor& wall, PacketPool& pool)
    : Server(config, random, wall, pool, nullptr) {}

Server::Server(const ServerConfig& config, crypto::Random random, const WallClockAnchor& wall, PacketPool& pool,
               Ledger& ledger)
    : Server(config, random, wall, pool, &ledger) {}

Server::Server(const ServerConfig& config, crypto::Random random, const WallClockAnchor& wall, PacketPool& pool,
               Ledger* shared)
    : config_(config),
      random_(random),
      wall_(wall),
      pool_(pool),
      policy_(config),
      credentials_(config, random_),
      nonces_(random_, config.nonce_lifetime),
      limiter_(random_.u64(), config.challenges_per_second, config.challenge_burst),
      data_id_(random_.u64()),
      allocations_(random_.u64()),
      owners_{owners_for(config, config.relay_v4), owners_for(config, config.relay_v6)},
      ledger_(shared != nullptr ? *shared : own_ledger_.emplace(config)),
      events_(2 * (owners_[0].size() + owners_[1].size()) + 1),
      cost_per_byte_(cost_per_byte(config)) {
  if (config.advertised_v4 != config.relay_v4) advertised_[0] = config.advertised_v4;
  if (config.advertised_v6 != config.relay_v6) advertised_[1] = config.advertised_v6;
}

// Others may go on with the ledger.
Server::~Server() {
  while (Allocation* allocation = allocations_.first_to_expire()) remove(*allocation, EndReason::kServerClosed, {});
  while (poll_event()) continue;
}

bool Server::message(const FiveTuple& client, ByteView bytes, Timestamp now, Forwarding& out) {
  const auto message = stun::MessageView::parse(bytes);
  const auto fingerprint = message ? message->check_fingerprint() : stun::FingerprintCheck::kInvalid;
  // RFC 8489 §6.3: what is malformed, or has a wrong fingerprint, is silently discarded.
  if (fingerprint == stun::FingerprintCheck::kInvalid) return drop_from_client();
  if (message->is(stun::MessageClass::kIndication, stun::Method::kSend)) {
    return send_indication(client, *message, now, out);
  }
  if (message->message_class() != stun::MessageClass::kRequest) {
    // RFC 8489 §6.3.2: a Binding indication keeps NATs open and asks for nothing.
    return !message->is(stun::MessageClass::kIndication, stun::Method::kBinding) && drop_from_client();
  }
  if (is_from_relay(client)) return drop_from_client();
  handle_timeout(now);  // nothing that has run out is met below
  handle_request({.message = *message,
                  .reply = {.client = client,
                            .method = message->method(),
                            .transaction = message->transaction_id(),
                            .fingerprint = fingerprint == stun::FingerprintCheck::kValid},
                  .now = now});
  return false;
}

// RFC 8656 §21.1.7: no relayed port is a client, for then data could run in a circle. Nothing that is relayed comes to
// a listening socket: whoever wrote this source did not send from there. A port of the range that no relay has may be
// anybody's on this host.
bool Server::is_from_relay(const FiveTuple& client) const {
  const SocketAddress& source = client.client;
  return client.stream.value() == 0 && (is_relay(source) || is_advertised_relay(source)) &&
         ledger_.is_taken(family_of(source.ip), source.port);
}

// False: of a method that is not known.
bool Server::count_request(stun::Method method) {
  switch (method) {
    case stun::Method::kBinding: ++stats_.requests.binding; return true;
    case stun::Method::kAllocate: ++stats_.requests.allocate; return true;
    case stun::Method::kRefresh: ++stats_.requests.refresh; return true;
    case stun::Method::kCreatePermission: ++stats_.requests.create_permission; return true;
    case stun::Method::kChannelBind: ++stats_.requests.channel_bind; return true;
    case stun::Method::kConnect: ++stats_.requests.connect; return true;
    case stun::Method::kConnectionBind: ++stats_.requests.connection_bind; return true;
    default:
      ++stats_.requests.unknown;
      ++stats_.dropped_from_clients;
      return false;
  }
}

void Server::handle_request(const Request& received) {
  const stun::Method method = received.reply.method;
  if (!count_request(method)) return;  // RFC 8489 §6.3: of a method that is not supported: silently discarded
  if (method == stun::Method::kBinding) return handle_binding(received);
  Request request = received;
  // RFC 8656 §5: every request is authenticated; RFC 8489 §6.3.1: before unknown attributes are looked at.
  if (!authenticate(request) || refuse_unknown_attributes(request)) return;
  if (method == stun::Method::kAllocate) return handle_allocate(request);
  if (method == stun::Method::kConnectionBind) return handle_connection_bind(request);
  Allocation* allocation = established(request.reply.client, request.now);
  // RFC 8656 §8.2, §10.2, §12.2, RFC 6062 §5.2
  if (allocation == nullptr) return send_error(request.reply, stun::ErrorNumber::kAllocationMismatch);
  // RFC 8656 §5: it is its maker's alone.
  if (allocation->username != request.username) {
    return send_error(request.reply, stun::ErrorNumber::kWrongCredentials);
  }
  if (method == stun::Method::kRefresh) return handle_refresh(request, *allocation);
  if (method == stun::Method::kCreatePermission) return handle_create_permission(request, *allocation);
  if (method == stun::Method::kConnect) return handle_connect(request, *allocation);
  handle_channel_bind(request, *allocation);
}

void Server::stream_closed(const SocketAddress& local, const SocketAddress& remote, StreamId stream, Timestamp now) {
  if (Allocation* allocation = allocations_.find({remote, local, stream})) {
    remove(*allocation, EndReason::kConnectionClosed, now);
  }
}

void Server::handle_timeout(Timestamp now) {
  while (Allocation* first = allocations_.first_to_expire()) {
    if (first->expires > now) break;
    remove(*first, EndReason::kExpired, now);
  }
  expire_connections(now);
  if (reservation_expires_ <= now) reservation_expires_ = ledger_.expire(now);
}

std::optional<ServerEvent> Server::poll_event() {
  const auto widened = [](auto&& event) { return ServerEvent(std::forward<decltype(event)>(event)); };
  // Before the port that a connection leaves from goes to somebody else.
  if (auto event = connection_events_.pop()) return std::visit(widened, *event);
  auto event = events_.pop();
  if (!event) {
    auto log = log_.pop();
    return log ? std::optional(std::visit(widened, std::move(*log))) : std::nullopt;
  }
  const auto release = [this](const SocketAddress& address) {
    ledger_.release_port(family_of(address.ip), address.port);
  };
  if (const auto* closed = std::get_if<CloseRelay>(&*event)) release(closed->address);
  if (const auto* closed = std::get_if<CloseTcpRelay>(&*event)) release(closed->address);
  return std::visit(widened, std::move(*event));
}

Timestamp Server::next_timeout() const {
  return std::min({allocations_.next_expiry(), connections_.next_deadline(), reservation_expires_});
}

ServerStats Server::stats() const {
  ServerStats stats = stats_;
  stats.allocations = allocations_.size();
  stats.connections = connections_.size();
  stats.users = ledger_.users();
  return stats;
}

}  // namespace tidewire::turn
