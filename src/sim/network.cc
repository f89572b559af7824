#include "sim/network.h"

#include <algorithm>
#include <utility>

namespace tidewire::sim {

std::size_t Network::add_nat(const NatConfig& config) {
  nats_.emplace_back(config);
  return nats_.size() - 1;
}

HostId Network::add_host(const HostConfig& config) {
  const std::uint64_t seed = seed_ * 0x9e3779b97f4a7c15U + hosts_.size() * 2;
  hosts_.push_back({config, Link(config.up, seed), Link(config.down, seed + 1)});
  return hosts_.size() - 1;
}

void Network::send(HostId from, Datagram datagram, Timestamp now) {
  hosts_[from].up.send(std::move(datagram), pool_, now);
}

void Network::route(const Host& from, Datagram datagram, Timestamp now) {
  const auto nat = from.config.nat;
  if (!nat) return deliver_outside(datagram.local, datagram.remote, std::move(datagram.packet), now);
  // A neighbour behind the same NAT is reached without it.
  for (const Host& host : hosts_) {
    if (host.config.nat == nat && std::ranges::count(host.config.addresses, datagram.remote.ip) > 0) {
      return go_down(datagram.local, datagram.remote, nat, std::move(datagram.packet), now);
    }
  }
  // What lies on no public address is not routed out of a private network.
  const SocketAddress source = nats_[*nat].outbound(datagram.local, datagram.remote, now);
  deliver_outside(source, datagram.remote, std::move(datagram.packet), now);
}

void Network::deliver_outside(const SocketAddress& source, const SocketAddress& target, Packet packet, Timestamp now) {
  for (std::size_t id = 0; id < nats_.size(); ++id) {
    if (nats_[id].config().external != target.ip) continue;
    const auto inside = nats_[id].inbound(target.port, source, now);
    if (inside) go_down(source, *inside, id, std::move(packet), now);
    return;
  }
  go_down(source, target, std::nullopt, std::move(packet), now);
}

void Network::go_down(const SocketAddress& source, const SocketAddress& target, std::optional<std::size_t> nat,
                      Packet packet, Timestamp now) {
  for (Host& host : hosts_) {
    if (host.config.nat != nat || std::ranges::count(host.config.addresses, target.ip) == 0) continue;
    host.down.send({target, source, std::move(packet)}, pool_, now);
    return;
  }
}

std::optional<Network::Delivery> Network::receive(Timestamp now) {
  for (Host& host : hosts_) {
    while (auto datagram = host.up.receive(now)) route(host, std::move(*datagram), now);
  }
  for (HostId id = 0; id < hosts_.size(); ++id) {
    if (auto datagram = hosts_[id].down.receive(now)) return Delivery{id, std::move(*datagram)};
  }
  return std::nullopt;
}

Timestamp Network::next_arrival() const {
  Timestamp next = kNever;
  for (const Host& host : hosts_) next = std::min({next, host.up.next_arrival(), host.down.next_arrival()});
  return next;
}

}  // namespace tidewire::sim
