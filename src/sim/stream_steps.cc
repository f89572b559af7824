// What moves on the connections of streams.h: handshakes, messages and their losses.
#include <algorithm>
#include <utility>

#include "sim/streams.h"

namespace tidewire::sim {
namespace {

// IP and TCP headers with the timestamp option (RFC 7323 §3), which the bottlenecks carry too.
constexpr std::size_t kHeaderBytes = 52;
// RFC 6298 §2.1: before the first round trip has been measured.
constexpr Duration kFirstRetransmission = std::chrono::seconds(1);
// DEVIATES RFC 6298 §2.4 (a second) because the stacks in use take this.
constexpr Duration kMinRetransmission = std::chrono::milliseconds(200);
// RFC 6298 §2.5
constexpr Duration kMaxRetransmission = std::chrono::seconds(60);
// RFC 9293 §3.8.3: R2 should be 100 s at least.
constexpr Duration kGiveUp = std::chrono::seconds(100);

}  // namespace

void Streams::wake(Timestamp at, Place from, Step step, std::uint64_t item) {
  wakes_.push({at, order_++, from.first, from.second, item, step, StreamCloseReason::kReset});
}

void Streams::end_later(Timestamp at, Place end, StreamCloseReason reason) {
  wakes_.push({at, order_++, end.first, end.second, 0, Step::kEnd, reason});
}

void Streams::push(Place from, Kind kind, Packet packet, Timestamp now) {
  Direction& direction = connections_.at(from.first).directions[from.second];
  direction.items.push_back({kind, std::move(packet), now});
  wake(now, from, Step::kLeave, direction.first + direction.items.size() - 1);
}

Duration Streams::one_way(const Connection& connection, EndIndex from) const {
  return topology_.at(connection.ends[from].interface).up.config().delay +
         topology_.at(connection.ends[1 - from].interface).down.config().delay;
}

void Streams::advance(const Wake& due) {
  const auto found = connections_.find(due.connection);
  if (found == connections_.end()) return;
  Connection& connection = found->second;
  if (due.step == Step::kEnd) {
    const bool too_late = due.reason == StreamCloseReason::kConnectTimeout &&
                          connection.ends[due.direction].state != End::State::kConnecting;
    if (!too_late) end({due.connection, due.direction}, due.reason);
    return;
  }
  Direction& direction = connection.directions[due.direction];
  if (due.item < direction.first || due.item - direction.first >= direction.items.size()) return;
  Item& item = direction.items[static_cast<std::size_t>(due.item - direction.first)];
  switch (due.step) {
    case Step::kLeave: return leave(connection, due, item);
    case Step::kCross: return cross(connection, due, item);
    case Step::kArrive: return arrive(connection, due, item);
    case Step::kEnd: return;
  }
}

void Streams::leave(Connection& connection, const Wake& due, Item& item) {
  const End& sender = connection.ends[due.direction];
  Interface& interface = topology_.at(sender.interface);
  if (!interface.enabled) return lose(connection, due, item);
  if (item.kind == Kind::kSyn && !interface.firewall.lets_out(Protocol::kTcp, sender.local, sender.remote, due.at)) {
    return lose(connection, due, item);
  }
  const auto up = interface.up.carry(item.packet.size() + kHeaderBytes, due.at);
  if (!up) return lose(connection, due, item);
  wake(*up, {due.connection, due.direction}, Step::kCross, due.item);
}

void Streams::cross(Connection& connection, const Wake& due, Item& item) {
  const Place sender{due.connection, due.direction};
  if (item.kind == Kind::kSyn) {
    const End& client = connection.ends[0];
    auto arrival = topology_.route(client.interface, Protocol::kTcp, client.local, client.remote, due.at);
    if (!arrival) return lose(connection, due, item);
    End& server = connection.ends[1];
    server.interface = arrival->interface;
    server.host = topology_.at(arrival->interface).host;
    server.local = arrival->target;
    server.remote = arrival->source;
    connection.path = *std::move(arrival);
  } else if (!topology_.is_intact(connection.path)) {
    // From inside it passes with a new mapping, to one who knows no such connection.
    if (due.direction == 0) return end_later(due.at + one_way(connection, 1), sender, StreamCloseReason::kReset);
    return lose(connection, due, item);
  }
  Interface& interface = topology_.at(connection.ends[1 - due.direction].interface);
  const auto down = interface.down.carry(item.packet.size() + kHeaderBytes, due.at);
  if (!down) return lose(connection, due, item);
  wake(*down, sender, Step::kArrive, due.item);
}

void Streams::arrive(Connection& connection, const Wake& due, Item& item) {
  const EndIndex receiver = 1 - due.direction;
  const End& end = connection.ends[receiver];
  if (!topology_.at(end.interface).enabled) return lose(connection, due, item);
  item.arrived = true;
  Direction& direction = connection.directions[due.direction];
  // What is taken may end either side, and with both the connection.
  while (!direction.items.empty() && direction.items.front().arrived) {
    Item first = std::move(direction.items.front());
    direction.items.pop_front();
    ++direction.first;
    take(connection, {due.connection, receiver}, std::move(first), due.at);
  }
  forget_if_over(due.connection);
}

void Streams::lose(Connection& connection, const Wake& due, Item& item) {
  if (due.at - item.since > kGiveUp) return end({due.connection, due.direction}, StreamCloseReason::kTimedOut);
  Duration wait = kFirstRetransmission;
  if (item.kind != Kind::kSyn) {
    wait = std::max(kMinRetransmission, one_way(connection, 0) + one_way(connection, 1));
  }
  for (int i = 0; i < item.losses && wait < kMaxRetransmission; ++i) wait *= 2;
  ++item.losses;
  wake(due.at + std::min(wait, kMaxRetransmission), {due.connection, due.direction}, Step::kLeave, due.item);
}

void Streams::take(Connection& connection, Place to, Item item, Timestamp now) {
  const auto [id, receiver] = to;
  End& end = connection.ends[receiver];
  if (end.state == End::State::kClosed) {
    // RFC 9293 §3.6.1: what comes after the close is answered by a reset.
    return end_later(now + one_way(connection, receiver), {id, 1 - receiver}, StreamCloseReason::kReset);
  }
  switch (item.kind) {
    case Kind::kMessage:
      if (end.state != End::State::kOpen) return;
      deliveries_.push_back({end.host, Datagram{end.local, end.remote, std::move(item.packet), end.id}});
      return;
    case Kind::kFin:
      if (by_id_.erase({end.host, end.id}) > 0) {
        deliveries_.push_back({end.host, StreamClosed{end.id, StreamCloseReason::kClosedByPeer}});
      }
      end.state = End::State::kClosed;
      return clear(connection.directions[receiver]);
    default: return take_handshake(connection, id, item.kind, now);
  }
}

void Streams::take_handshake(Connection& connection, std::uint64_t id, Kind kind, Timestamp now) {
  const Timestamp answered = now + one_way(connection, 1);
  switch (kind) {
    case Kind::kSyn: {
      auto listening = listener(connection.ends[1].host, connection.ends[1].local);
      if (!listening) return end_later(answered, {id, 0}, StreamCloseReason::kRefused);
      connection.listener = *std::move(listening);
      return push({id, 1}, Kind::kSynAck, {}, now);
    }
    case Kind::kSynAck:
      if (connection.tls) return push({id, 0}, Kind::kTlsHello, {}, now);
      return opened(connection, id, now);
    case Kind::kTlsHello: {
      const auto& [tls, name] = connection.listener;
      const bool suits = name.empty() || connection.server_name.empty() || name == connection.server_name;
      if (!tls || !suits) return end_later(answered, {id, 0}, StreamCloseReason::kTlsFailed);
      return push({id, 1}, Kind::kTlsFinished, {}, now);
    }
    case Kind::kTlsFinished: return opened(connection, id, now);
    case Kind::kAck:
      if (connection.listener.tls && !connection.tls)
        return end_later(answered, {id, 0}, StreamCloseReason::kTlsFailed);
      return accept(connection, id);
    case Kind::kMessage:
    case Kind::kFin: return;
  }
}

void Streams::opened(Connection& connection, std::uint64_t id, Timestamp now) {
  End& client = connection.ends[0];
  client.state = End::State::kOpen;
  deliveries_.push_back({client.host, StreamOpened{client.id, client.local}});
  push({id, 0}, Kind::kAck, {}, now);
}

void Streams::accept(Connection& connection, std::uint64_t id) {
  End& server = connection.ends[1];
  server.id = StreamId{kFirstAccepted + accepted_[server.host]++};
  server.state = End::State::kOpen;
  by_id_[{server.host, server.id}] = {id, 1};
  deliveries_.push_back({server.host, StreamAccepted{server.id, server.local, server.remote}});
}

}  // namespace tidewire::sim
