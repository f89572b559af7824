#include "sim/streams.h"

#include <algorithm>
#include <utility>

namespace tidewire::sim {
namespace {

// RFC 6335 §6: the dynamic ports.
constexpr std::uint16_t kFirstEphemeralPort = 49152;

}  // namespace

std::string_view to_string(StreamCloseReason reason) {
  switch (reason) {
    case StreamCloseReason::kNoRoute: return "no interface can reach the address";
    case StreamCloseReason::kRefused: return "connection refused";
    case StreamCloseReason::kConnectTimeout: return "connecting timed out";
    case StreamCloseReason::kTlsFailed: return "TLS handshake failed";
    case StreamCloseReason::kClosedByPeer: return "closed by the other end";
    case StreamCloseReason::kReset: return "connection reset";
    case StreamCloseReason::kTimedOut: return "connection timed out";
    case StreamCloseReason::kInterfaceGone: return "network is down";
  }
  return "";
}

void Streams::listen(HostId host, const SocketAddress& address, bool tls, std::string_view name) {
  listeners_[{host, address}] = {tls, std::string(name)};
}

void Streams::stop_listening(HostId host, const SocketAddress& address) { listeners_.erase({host, address}); }

std::optional<Streams::Listener> Streams::listener(HostId host, const SocketAddress& address) const {
  const IpAddress any = address.ip.is_v6() ? IpAddress::v6({}) : IpAddress();
  for (const IpAddress& ip : {address.ip, any, IpAddress::v6({})}) {
    if (const auto found = listeners_.find({host, {ip, address.port}}); found != listeners_.end()) return found->second;
  }
  return std::nullopt;
}

void Streams::open(HostId host, const StreamRequest& request, Timestamp now) {
  SocketAddress local = request.local;
  const auto interface = topology_.source_interface(host, local, request.remote);
  if (!interface) {
    deliveries_.push_back({host, StreamClosed{request.id, StreamCloseReason::kNoRoute}});
    return;
  }
  if (local.port == 0) {
    auto& next = next_port_.try_emplace(host, kFirstEphemeralPort).first->second;
    local.port = next;
    next = next == 65535 ? kFirstEphemeralPort : static_cast<std::uint16_t>(next + 1);
  }
  const std::uint64_t id = next_connection_++;
  Connection& connection = connections_[id];
  connection.tls = request.tls;
  connection.server_name = request.server_name;
  connection.ends[0] = {host, *interface, request.id, local, request.remote};
  by_id_[{host, request.id}] = {id, 0};
  push({id, 0}, Kind::kSyn, {}, now);
  end_later(now + kConnectTimeout, {id, 0}, StreamCloseReason::kConnectTimeout);
}

void Streams::close(HostId host, StreamId stream, Timestamp now) {
  const auto found = by_id_.find({host, stream});
  if (found == by_id_.end()) return;
  const Place place = found->second;
  Connection& connection = connections_.at(place.first);
  const bool was_open = connection.ends[place.second].state == End::State::kOpen;
  by_id_.erase(found);
  connection.ends[place.second].state = End::State::kClosed;
  if (was_open) {
    push(place, Kind::kFin, {}, now);
  } else {
    for (Direction& direction : connection.directions) clear(direction);
  }
  forget_if_over(place.first);
}

void Streams::send(HostId host, Datagram datagram, Timestamp now) {
  const auto found = by_id_.find({host, datagram.stream});
  if (found == by_id_.end()) return;
  const auto [id, end] = found->second;
  const Connection& connection = connections_.at(id);
  if (connection.ends[end].state != End::State::kOpen) return;
  if (connection.directions[end].items.size() >= kMaxQueued) return;
  push(found->second, Kind::kMessage, std::move(datagram.packet), now);
}

void Streams::interface_gone(InterfaceNumber interface, const std::optional<IpAddress>& address) {
  std::vector<Place> gone;
  for (const auto& [id, place] : by_id_) {
    const End& end = connections_.at(place.first).ends[place.second];
    if (end.interface == interface && (!address || end.local.ip == *address)) gone.push_back(place);
  }
  for (const Place& place : gone) end(place, StreamCloseReason::kInterfaceGone);
}

// Ends one side without a word to the other, and tells its host when there is a reason to tell.
void Streams::end(Place place, std::optional<StreamCloseReason> reason) {
  const auto found = connections_.find(place.first);
  if (found == connections_.end()) return;
  End& end = found->second.ends[place.second];
  if (end.state == End::State::kClosed) return;
  if (by_id_.erase({end.host, end.id}) > 0 && reason) deliveries_.push_back({end.host, StreamClosed{end.id, *reason}});
  end.state = End::State::kClosed;
  clear(found->second.directions[place.second]);
  forget_if_over(place.first);
}

void Streams::clear(Direction& direction) {
  direction.first += direction.items.size();
  direction.items.clear();
}

void Streams::forget_if_over(std::uint64_t id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  const Connection& connection = found->second;
  const bool over = connection.ends[0].state == End::State::kClosed && connection.ends[1].state != End::State::kOpen &&
                    connection.directions[0].items.empty() && connection.directions[1].items.empty();
  if (over) connections_.erase(found);
}

std::optional<Delivery> Streams::receive(Timestamp now) {
  while (deliveries_.empty() && !wakes_.empty() && wakes_.top().at <= now) {
    const Wake due = wakes_.top();
    wakes_.pop();
    advance(due);
  }
  if (deliveries_.empty()) return std::nullopt;
  Delivery delivery = std::move(deliveries_.front());
  deliveries_.pop_front();
  return delivery;
}

Timestamp Streams::next() const {
  if (!deliveries_.empty()) return Timestamp::min();
  return wakes_.empty() ? kNever : wakes_.top().at;
}

}  // namespace tidewire::sim
