#include "sim/topology.h"

#include <algorithm>

namespace tidewire::sim {
namespace {

std::uint64_t derive(std::uint64_t seed, std::uint64_t number) { return seed * 0x9e3779b97f4a7c15U + number; }

}  // namespace

NatId Topology::add_nat(const NatConfig& config) {
  const NatId id = nats_.size();
  nats_.push_back({Nat(config, derive(~seed_, id)), Firewall(config.firewall)});
  register_external(id);
  return id;
}

void Topology::register_external(NatId id) {
  for (const IpAddress& address : nats_[id].nat.external_addresses()) {
    owners_[{address_space(outside(id), address.is_v6()), address}] = {true, id};
  }
}

void Topology::rebind(NatId id, const IpAddress& external) {
  std::erase_if(owners_, [id](const auto& entry) { return entry.second.is_nat && entry.second.id == id; });
  nats_[id].nat.rebind(external);
  nats_[id].firewall.restart();
  register_external(id);
}

HostId Topology::add_host(const HostConfig& config) {
  const HostId id = hosts_.size();
  hosts_.push_back({config.name});
  add_interface(id, {config.name, config.addresses, config.up, config.down, config.nat, config.firewall});
  for (const InterfaceConfig& interface : config.more_interfaces) add_interface(id, interface);
  return id;
}

InterfaceId Topology::add_interface(HostId host, const InterfaceConfig& config) {
  const InterfaceNumber number = interfaces_.size();
  interfaces_.emplace_back(config, host, derive(seed_, number * 2));
  hosts_[host].interfaces.push_back(number);
  const InterfaceId id = hosts_[host].interfaces.size() - 1;
  interfaces_.back().config.addresses.clear();
  for (const IpAddress& address : config.addresses) add_address(host, id, address);
  return id;
}

void Topology::add_address(HostId host, InterfaceId interface, const IpAddress& address) {
  const InterfaceNumber id = number(host, interface);
  InterfaceConfig& config = at(id).config;
  config.addresses.push_back(address);
  owners_[{address_space(config.nat, address.is_v6()), address}] = {false, id};
}

void Topology::remove_address(HostId host, InterfaceId interface, const IpAddress& address) {
  InterfaceConfig& config = at(number(host, interface)).config;
  std::erase(config.addresses, address);
  owners_.erase({address_space(config.nat, address.is_v6()), address});
}

std::vector<IpAddress> Topology::addresses(HostId host) const {
  std::vector<IpAddress> all;
  for (const InterfaceNumber id : hosts_[host].interfaces) {
    const Interface& interface = at(id);
    if (interface.enabled) all.insert(all.end(), interface.config.addresses.begin(), interface.config.addresses.end());
  }
  return all;
}

std::optional<InterfaceNumber> Topology::source_interface(HostId host, SocketAddress& local,
                                                          const SocketAddress& remote) const {
  for (const InterfaceNumber id : hosts_[host].interfaces) {
    if (!at(id).enabled) continue;
    for (const IpAddress& address : at(id).config.addresses) {
      if (address.is_v6() != remote.ip.is_v6()) continue;
      if (address != local.ip && !local.ip.is_unspecified()) continue;
      local.ip = address;
      return id;
    }
  }
  return std::nullopt;
}

Topology::Level Topology::level_of(const Owner& owner) const {
  return owner.is_nat ? outside(owner.id) : at(owner.id).config.nat;
}

// What a NAT does not translate has the same addresses on both sides.
Topology::Level Topology::address_space(Level level, bool v6) const {
  while (level && !nats_[*level].nat.translates(v6)) level = outside(*level);
  return level;
}

bool Topology::contains(Level outer, Level inner) const {
  while (inner && inner != outer) inner = outside(*inner);
  return inner == outer;
}

// Whoever has the address at or below this level.
const Topology::Owner* Topology::find(Level level, const IpAddress& address) const {
  const auto found = owners_.find({address_space(level, address.is_v6()), address});
  return found != owners_.end() && contains(level, level_of(found->second)) ? &found->second : nullptr;
}

// Up, until the target is at or below the level reached.
bool Topology::climb(Level& level, Protocol protocol, SocketAddress& source, const SocketAddress& target,
                     Arrival& arrival, Timestamp now) {
  while (find(level, target.ip) == nullptr) {
    if (!level) return false;
    auto& [nat, firewall] = nats_[*level];
    if (!firewall.lets_out(protocol, source, target, now)) return false;
    if (nat.translates(source.ip.is_v6())) {
      if (nat.owns(target.ip) && !nat.config().hairpinning) return false;
      const auto external = nat.outbound(source, target, now, protocol);
      if (!external) return false;
      source = *external;
      arrival.nats.emplace_back(*level, nat.generation());
    }
    level = outside(*level);
  }
  return true;
}

// Down through routers that do not translate, the outermost first.
bool Topology::enter(Level outer, Level inner, Protocol protocol, const SocketAddress& source,
                     const SocketAddress& target, Timestamp now) {
  if (inner == outer) return true;
  return enter(outer, outside(*inner), protocol, source, target, now) &&
         nats_[*inner].firewall.lets_in(protocol, target, source, now);
}

bool Topology::descend(Level level, Protocol protocol, Arrival& arrival, Timestamp now) {
  for (;;) {
    const Owner* owner = find(level, arrival.target.ip);
    if (owner == nullptr) return false;
    if (!enter(level, level_of(*owner), protocol, arrival.source, arrival.target, now)) return false;
    if (!owner->is_nat) {
      arrival.interface = owner->id;
      Interface& interface = at(owner->id);
      return interface.enabled && interface.firewall.lets_in(protocol, arrival.target, arrival.source, now);
    }
    auto& [nat, firewall] = nats_[owner->id];
    const auto inside = nat.inbound(arrival.target, arrival.source, now, protocol);
    if (!inside || !firewall.lets_in(protocol, *inside, arrival.source, now)) return false;
    arrival.target = *inside;
    arrival.nats.emplace_back(owner->id, nat.generation());
    level = owner->id;
  }
}

std::optional<Arrival> Topology::route(InterfaceNumber from, Protocol protocol, const SocketAddress& source,
                                       const SocketAddress& target, Timestamp now) {
  Arrival arrival{0, source, target};
  Level level = at(from).config.nat;
  if (!climb(level, protocol, arrival.source, target, arrival, now)) return std::nullopt;
  if (!descend(level, protocol, arrival, now)) return std::nullopt;
  return arrival;
}

bool Topology::is_intact(const Arrival& arrival) const {
  return std::ranges::all_of(arrival.nats,
                             [this](const auto& nat) { return nats_[nat.first].nat.generation() == nat.second; });
}

}  // namespace tidewire::sim
