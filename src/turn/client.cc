// The client's life, its deadline, and the data of peers.
#include "turn/client.h"

#include <algorithm>
#include <utility>

#include "turn/channel_data.h"
#include "turn/indication.h"

namespace tidewire::turn {

Client::Client(ClientConfig config, crypto::Random random, PacketPool& pool)
    : config_(std::move(config)),
      random_(std::move(random)),
      pool_(pool),
      credentials_(config_.username, config_.password, config_.known_realm) {
  config_.rto = std::max<Duration>(config_.rto, std::chrono::milliseconds(1));  // or there would be no time between
}

void Client::start(Timestamp now) {
  if (state_ != ClientState::kNew) return;
  state_ = ClientState::kAllocating;
  send_allocate(now);
  update_deadline();
}

void Client::allow(const SocketAddress& peer, Timestamp now) {
  if (state_ != ClientState::kNew && state_ != ClientState::kAllocating && state_ != ClientState::kAllocated) return;
  if (!may_reach(peer.ip) || peer.port == 0 || peer.ip.is_unspecified()) return;
  if (Peer* known = peers_.find(peer)) {
    known->last_used = now;
    return;
  }
  peers_.add(peer, now);
  ask_for_peers(now);
  update_deadline();
}

// RFC 8656 §11.3: a relayed address exchanges datagrams with its own family only.
const SocketAddress* Client::relayed_for(const IpAddress& peer) const {
  if (relayed_ && relayed_->ip.is_v6() == peer.is_v6()) return &*relayed_;
  return relayed_v6_ && peer.is_v6() ? &*relayed_v6_ : nullptr;
}

// While there is no allocation: whether perhaps.
bool Client::may_reach(const IpAddress& peer) const {
  if (state_ == ClientState::kAllocated) return relayed_for(peer) != nullptr;
  return asks_for_both() || peer.is_v6() == (config_.family == RelayedFamily::kIpv6);
}

std::optional<Datagram> Client::to_server(Packet packet) const {
  return Datagram{
      .local = config_.local, .remote = config_.server, .packet = std::move(packet), .stream = config_.stream};
}

void Client::send_bytes(ByteView message) {
  // A full queue is a loss on the way, which retransmission mends.
  (void)transmits_.push(*to_server(pool_.copy_of(message)));
}

std::optional<Datagram> Client::wrap(Packet packet, const SocketAddress& to, Timestamp now) {
  if (state_ == ClientState::kAllocated && peers_.find(to) == nullptr) allow(to, now);
  Peer* peer = state_ == ClientState::kAllocated ? peers_.find(to) : nullptr;
  const bool bound = peer != nullptr && peer->bound(now);
  if (peer == nullptr || !packet || (!bound && peers_.permission_of(*peer).refused)) {
    ++stats_.output_dropped;
    return std::nullopt;
  }
  peer->last_used = now;
  const stun::TransactionId id = bound ? stun::TransactionId{} : random_id();
  const auto put_in = [&](Packet& p) {
    // RFC 8656 §12.5, §11.1
    return bound ? prepend_channel_header(p, peer->channel) : wrap_in_indication(p, stun::Method::kSend, id, to);
  };
  if (!put_in(packet)) {
    packet = pool_.copy_of(packet.bytes());
    if (!packet || !put_in(packet)) {
      ++stats_.output_dropped;
      return std::nullopt;
    }
  }
  ++(bound ? stats_.channel_data_sent : stats_.send_indications_sent);
  return to_server(std::move(packet));
}

bool Client::looks_like_turn(ByteView datagram) {
  if (looks_like_channel_data(datagram)) return true;
  if (!stun::looks_like_stun(datagram)) return false;
  // RFC 8489 §5, figure 3: without the two bits of the class.
  const unsigned type = static_cast<unsigned>(datagram[0] << 8 | datagram[1]) & ~0x0110U;
  return type != static_cast<unsigned>(stun::Method::kBinding);
}

bool Client::is_from_server(const Datagram& datagram) const {
  if (datagram.stream != config_.stream) return false;
  // A stream has two ends by itself, and the near one may not be known by its number.
  return reliable() || (datagram.remote == config_.server && datagram.local == config_.local);
}

bool Client::wants(const Datagram& datagram) const {
  return is_from_server(datagram) && looks_like_turn(datagram.packet.bytes());
}

bool Client::active() const {
  return state_ == ClientState::kAllocating || state_ == ClientState::kAllocated || state_ == ClientState::kClosing;
}

std::optional<Datagram> Client::handle_input(Datagram datagram, Timestamp now) {
  if (!active() || !wants(datagram)) {
    ++stats_.input_dropped;
    return std::nullopt;
  }
  if (looks_like_channel_data(datagram.packet.bytes())) return receive_channel_data(std::move(datagram), now);
  const auto message = stun::MessageView::parse(datagram.packet.bytes());
  if (!message || message->check_fingerprint() == stun::FingerprintCheck::kInvalid) {
    ++stats_.input_dropped;
    return std::nullopt;
  }
  if (message->is(stun::MessageClass::kIndication, stun::Method::kData)) {
    return receive_indication(std::move(datagram), *message, now);
  }
  handle_response(*message, now);
  return std::nullopt;
}

std::optional<Datagram> Client::receive_channel_data(Datagram datagram, Timestamp now) {
  const auto view = parse_channel_data(datagram.packet.bytes());
  Peer* peer = view && state_ == ClientState::kAllocated ? peers_.find(view->channel) : nullptr;
  // RFC 8656 §12.6: the channel must be bound. It counts as bound from the request on: the server sends data as soon
  // as it has the binding, and its answer may come later or be lost.
  if (peer == nullptr || !(peer->bound(now) || peer->bind.open())) {
    ++stats_.input_dropped;
    return std::nullopt;
  }
  peer->last_used = now;
  return deliver(std::move(datagram), peer->address, view->data);
}

std::optional<Datagram> Client::receive_indication(Datagram datagram, const stun::MessageView& message, Timestamp now) {
  const auto view = state_ == ClientState::kAllocated ? read_indication(message) : std::nullopt;
  const Permission* permission = view ? peers_.find_permission(view->peer.ip) : nullptr;
  // RFC 8656 §11.4: the peer must have a permission; likewise from the request on.
  if (permission == nullptr || !(permission->until > now || permission->asked || awaits_bind(*permission))) {
    ++stats_.input_dropped;
    return std::nullopt;
  }
  if (Peer* peer = peers_.find(view->peer)) peer->last_used = now;
  return deliver(std::move(datagram), view->peer, view->data);
}

// Leaves of the packet the data, which lies in it.
std::optional<Datagram> Client::deliver(Datagram datagram, const SocketAddress& peer, ByteView data) {
  // There is one: the peer has a permission.
  const SocketAddress* relayed = relayed_for(peer.ip);
  if (relayed == nullptr) return std::nullopt;
  ++stats_.data_received;
  datagram.packet.remove_prefix(static_cast<std::size_t>(data.data() - datagram.packet.data()));
  datagram.packet.remove_suffix(datagram.packet.size() - data.size());
  datagram.local = *relayed;
  datagram.remote = peer;
  datagram.stream = StreamId{};
  return datagram;
}

void Client::handle_stream_closed(Timestamp) {
  if (state_ == ClientState::kClosing) return finish_closing();
  if (state_ == ClientState::kAllocated) {
    fail(Cause::kLost, {.code = event::Failed::kUnreachable, .reason = "The connection to the TURN server has ended"});
  } else if (state_ == ClientState::kAllocating || state_ == ClientState::kNew) {
    fail(Cause::kTimeout, {.code = event::Failed::kUnreachable, .reason = "There is no connection to the TURN server"});
  }
}

void Client::fail(Cause cause, Refusal refusal) {
  state_ = ClientState::kFailed;
  forget_allocation();
  transmits_.clear();
  // Room is kept for it: refuse() leaves some.
  (void)events_.push(event::Failed{.code = refusal.code,
                                   .reason = std::move(refusal.reason),
                                   .cause = cause,
                                   .alternate_server = refusal.alternate_server,
                                   .alternate_domain = std::move(refusal.alternate_domain)});
}

void Client::handle_timeout(Timestamp now) {
  if (now < deadline_) return;
  run_request({.request = &allocation_request_}, now);
  run_request({.request = &permission_request_}, now);
  // By number: a timeout may clear the table.
  for (std::size_t i = 0; i < peers_.peers().size(); ++i) {
    run_request({.request = &peers_.peers()[i].bind, .peer = &peers_.peers()[i]}, now);
  }
  if (state_ == ClientState::kAllocated && expires_at_ <= now) {
    fail(Cause::kLost, {.reason = "The TURN allocation has expired"});
  }
  if (state_ == ClientState::kAllocated) {
    if (refresh_at_ <= now && !allocation_request_.open()) send_refresh(now);
    ask_for_peers(now);
  }
  update_deadline();
}

void Client::update_deadline() {
  deadline_ = kNever;
  if (!active()) return;
  deadline_ = allocation_request_.deadline;
  if (state_ != ClientState::kAllocated) return;
  if (!allocation_request_.open()) deadline_ = std::min(deadline_, refresh_at_);
  deadline_ = std::min({deadline_, expires_at_, permission_request_.deadline, peers_deadline()});
}

}  // namespace tidewire::turn
