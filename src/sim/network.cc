#include "sim/network.h"

#include <algorithm>
#include <utility>

namespace tidewire::sim {

void Network::take_down(HostId host, InterfaceId interface) {
  at(host, interface).enabled = false;
  streams_.interface_gone(topology_.number(host, interface), std::nullopt);
}

void Network::add_address(HostId host, InterfaceId interface, const IpAddress& address) {
  topology_.add_address(host, interface, address);
}

void Network::remove_address(HostId host, InterfaceId interface, const IpAddress& address) {
  topology_.remove_address(host, interface, address);
  streams_.interface_gone(topology_.number(host, interface), address);
}

void Network::send(HostId from, Datagram datagram, Timestamp now) {
  if (datagram.stream != StreamId{}) return streams_.send(from, std::move(datagram), now);
  const auto number = topology_.source_interface(from, datagram.local, datagram.remote);
  if (!number) return;
  Interface& interface = topology_.at(*number);
  if (!interface.firewall.lets_out(Protocol::kUdp, datagram.local, datagram.remote, now)) return;
  interface.up.send(std::move(datagram), pool_, now);
  schedule(*number * 2);
}

void Network::schedule(std::size_t link_number) {
  if (link_number >= scheduled_.size()) scheduled_.resize(link_number + 1, kNever);
  Timestamp& entry = scheduled_[link_number];
  const Timestamp next = link(link_number).next_arrival();
  if (entry == next) return;
  if (entry != kNever) arrivals_.erase({entry, link_number});
  if (next != kNever) arrivals_.emplace(next, link_number);
  entry = next;
}

// Takes one datagram off a link; what has come down one has reached its host.
std::optional<Datagram> Network::move_one(std::size_t link_number, Timestamp now) {
  const InterfaceNumber number = link_number / 2;
  auto datagram = link(link_number).receive(now);
  schedule(link_number);
  if (!datagram) return std::nullopt;
  if (link_number % 2 == 1) {
    // Whoever sends it on decides anew.
    datagram->packet.set_fragmentation(Fragmentation::kAsUsual);
    return topology_.at(number).enabled ? std::move(datagram) : std::nullopt;
  }

  const auto arrival = topology_.route(number, Protocol::kUdp, datagram->local, datagram->remote, now);
  if (!arrival) return std::nullopt;
  topology_.at(arrival->interface)
      .down.send({arrival->target, arrival->source, std::move(datagram->packet), {}}, pool_, now);
  schedule(arrival->interface * 2 + 1);
  return std::nullopt;
}

std::optional<Delivery> Network::receive(Timestamp now) {
  while (!arrivals_.empty() && arrivals_.begin()->first <= now) {
    const std::size_t link_number = arrivals_.begin()->second;
    auto datagram = move_one(link_number, now);
    if (datagram) return Delivery{topology_.at(link_number / 2).host, std::move(*datagram)};
  }
  return streams_.receive(now);
}

Timestamp Network::next_arrival() const {
  const Timestamp datagram = arrivals_.empty() ? kNever : arrivals_.begin()->first;
  return std::min(datagram, streams_.next());
}

}  // namespace tidewire::sim
