#include "sim/nat.h"

#include <algorithm>

namespace tidewire::sim {
namespace {

// Ports below are well known (RFC 6335 §6): only preserving assignment gives them.
constexpr std::uint16_t kFirstPort = 1024;
constexpr std::uint32_t kPorts = 65536 - kFirstPort;

std::uint16_t port_after(std::uint16_t port) {
  return port == 65535 ? kFirstPort : static_cast<std::uint16_t>(port + 1);
}

}  // namespace

SocketAddress Nat::reduce(const SocketAddress& remote, NatBehaviour behaviour) {
  switch (behaviour) {
    case NatBehaviour::kEndpointIndependent: return {};
    case NatBehaviour::kAddressDependent: return {remote.ip, 0};
    case NatBehaviour::kAddressAndPortDependent: return remote;
  }
  return remote;
}

std::vector<IpAddress> Nat::external_addresses() const {
  std::vector<IpAddress> addresses = config_.more_external;
  if (!config_.external.is_unspecified()) addresses.insert(addresses.begin(), config_.external);
  return addresses;
}

bool Nat::translates(bool v6) const {
  return std::ranges::any_of(external_addresses(), [v6](const IpAddress& address) { return address.is_v6() == v6; });
}

bool Nat::owns(const IpAddress& address) const { return std::ranges::count(external_addresses(), address) > 0; }

bool Nat::expired(const Mappings::value_type& mapping, Timestamp now) const {
  const Duration timeout = mapping.first.protocol == Protocol::kUdp ? config_.timeout : config_.tcp_timeout;
  return now - mapping.second.last_used > timeout;
}

void Nat::erase(Mappings::iterator mapping) {
  by_outside_.erase({mapping->first.protocol, mapping->second.external});
  mappings_.erase(mapping);
}

bool Nat::is_taken(const Outside& outside, Timestamp now) {
  const auto found = by_outside_.find(outside);
  if (found == by_outside_.end()) return false;
  if (!expired(*found->second, now)) return true;
  erase(found->second);
  return false;
}

std::optional<IpAddress> Nat::choose_address(const IpAddress& inside) {
  if (const auto found = paired_.find(inside); found != paired_.end()) return found->second;
  std::vector<IpAddress> choices = external_addresses();
  std::erase_if(choices, [&](const IpAddress& address) { return address.is_v6() != inside.is_v6(); });
  if (choices.empty()) return std::nullopt;
  const IpAddress chosen = choices[next_address_++ % choices.size()];
  if (config_.paired_pooling) paired_.emplace(inside, chosen);
  return chosen;
}

std::uint16_t Nat::first_choice(const Outside& inside, const IpAddress& address, Timestamp now) {
  if (config_.ports == PortAssignment::kRandom) return static_cast<std::uint16_t>(kFirstPort + random_() % kPorts);
  if (config_.ports == PortAssignment::kPreserving && inside.second.port != 0 &&
      !is_taken({inside.first, {address, inside.second.port}}, now)) {
    return inside.second.port;
  }
  return next_port_;
}

std::optional<SocketAddress> Nat::assign(const Key& key, Timestamp now) {
  const auto address = choose_address(key.inside.ip);
  if (!address) return std::nullopt;
  const std::uint16_t first = first_choice({key.protocol, key.inside}, *address, now);
  std::uint16_t port = first;
  while (is_taken({key.protocol, {*address, port}}, now)) {
    port = port_after(port);
    if (port == first) return std::nullopt;
  }
  if (first == next_port_) next_port_ = port_after(port);
  return SocketAddress{*address, port};
}

std::optional<SocketAddress> Nat::outbound(const SocketAddress& inside, const SocketAddress& remote, Timestamp now,
                                           Protocol protocol) {
  const Key key{protocol, inside, reduce(remote, config_.mapping)};
  auto found = mappings_.find(key);
  if (found != mappings_.end() && expired(*found, now)) {
    erase(found);
    found = mappings_.end();
  }
  if (found == mappings_.end()) {
    const auto external = assign(key, now);
    if (!external) return std::nullopt;
    found = mappings_.emplace(key, Mapping{*external, now}).first;
    by_outside_[{protocol, *external}] = found;
  } else if (config_.outbound_refresh) {
    found->second.last_used = now;
  }
  found->second.permitted.insert(reduce(remote, config_.filtering));
  return found->second.external;
}

std::optional<SocketAddress> Nat::inbound(const SocketAddress& external, const SocketAddress& remote, Timestamp now,
                                          Protocol protocol) {
  const auto found = by_outside_.find({protocol, external});
  if (found == by_outside_.end()) return std::nullopt;
  const auto mapping = found->second;
  if (expired(*mapping, now)) {
    erase(mapping);
    return std::nullopt;
  }
  if (!mapping->second.permitted.contains(reduce(remote, config_.filtering))) return std::nullopt;
  if (config_.inbound_refresh) mapping->second.last_used = now;
  return mapping->first.inside;
}

void Nat::rebind() {
  by_outside_.clear();
  mappings_.clear();
  paired_.clear();
  ++generation_;
}

void Nat::rebind(const IpAddress& external) {
  config_.external = external;
  rebind();
}

}  // namespace tidewire::sim
