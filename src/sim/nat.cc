#include "sim/nat.h"

namespace tidewire::sim {

SocketAddress Nat::reduce(const SocketAddress& remote, NatBehaviour behaviour) {
  switch (behaviour) {
    case NatBehaviour::kEndpointIndependent: return {};
    case NatBehaviour::kAddressDependent: return {remote.ip, 0};
    case NatBehaviour::kAddressAndPortDependent: return remote;
  }
  return remote;
}

std::uint16_t Nat::find_port(const Key& key, Timestamp now) {
  for (auto it = mappings_.begin(); it != mappings_.end();) {
    if (now - it->second.last_used > config_.timeout) {
      it = mappings_.erase(it);
    } else if (it->second.key == key) {
      return it->first;
    } else {
      ++it;
    }
  }
  while (mappings_.contains(next_port_) || next_port_ < 1024) ++next_port_;
  return next_port_++;
}

SocketAddress Nat::outbound(const SocketAddress& inside, const SocketAddress& remote, Timestamp now) {
  const Key key{inside, reduce(remote, config_.mapping)};
  const std::uint16_t port = find_port(key, now);
  Mapping& mapping = mappings_[port];
  mapping.key = key;
  mapping.last_used = now;
  mapping.permitted.insert(reduce(remote, config_.filtering));
  return {config_.external, port};
}

std::optional<SocketAddress> Nat::inbound(std::uint16_t external_port, const SocketAddress& remote, Timestamp now) {
  const auto found = mappings_.find(external_port);
  if (found == mappings_.end() || now - found->second.last_used > config_.timeout) return std::nullopt;
  if (!found->second.permitted.contains(reduce(remote, config_.filtering))) return std::nullopt;
  return found->second.key.inside;
}

}  // namespace tidewire::sim
