// A network address translator, by the behaviours that RFC 4787 names.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "tidewire/address.h"
#include "tidewire/time.h"

namespace tidewire::sim {

// RFC 4787 §4.1 (mapping) and §5 (filtering): what a mapping, or the permission to come in, depends on.
enum class NatBehaviour { kEndpointIndependent, kAddressDependent, kAddressAndPortDependent };

struct NatConfig {
  NatBehaviour mapping = NatBehaviour::kEndpointIndependent;
  NatBehaviour filtering = NatBehaviour::kAddressAndPortDependent;
  IpAddress external;
  // An idle mapping ends after this (RFC 4787 §4.3 asks for two minutes at least).
  Duration timeout = std::chrono::minutes(2);
};

class Nat {
 public:
  explicit Nat(const NatConfig& config) : config_(config) {}

  const NatConfig& config() const { return config_; }
  // A datagram from the inside: the external address that it leaves with.
  SocketAddress outbound(const SocketAddress& inside, const SocketAddress& remote, Timestamp now);
  // A datagram from the outside: the inside address it goes to, or nothing when it is filtered.
  std::optional<SocketAddress> inbound(std::uint16_t external_port, const SocketAddress& remote, Timestamp now);
  // Forgets everything, as a reboot does: what comes next gets new ports.
  void rebind() { mappings_.clear(); }

 private:
  struct Key {
    SocketAddress inside;
    SocketAddress remote;  // as much of it as the mapping behaviour looks at
    auto operator<=>(const Key&) const = default;
  };
  struct Mapping {
    Key key;
    Timestamp last_used{};
    std::set<SocketAddress> permitted;  // as much of each as the filtering behaviour looks at
  };

  static SocketAddress reduce(const SocketAddress& remote, NatBehaviour behaviour);
  std::uint16_t find_port(const Key& key, Timestamp now);

  NatConfig config_;
  std::map<std::uint16_t, Mapping> mappings_;  // by external port
  std::uint16_t next_port_ = 40000;
};

}  // namespace tidewire::sim
