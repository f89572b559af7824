// A network address translator, by the behaviours that RFC 4787 (UDP) and RFC 5382 (TCP) name.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "sim/firewall.h"
#include "tidewire/address.h"
#include "tidewire/time.h"

namespace tidewire::sim {

using NatId = std::size_t;

// RFC 4787 §4.1 (mapping) and §5 (filtering): what a mapping, or the permission to come in, depends on.
enum class NatBehaviour { kEndpointIndependent, kAddressDependent, kAddressAndPortDependent };

// RFC 4787 §4.2.1. None of them overloads: a port that another mapping holds is not given again (REQ-3).
enum class PortAssignment {
  kSequential,  // the next free one
  kPreserving,  // the inside's own, when it is free; else the next free one
  kRandom,
};

struct NatConfig {
  NatBehaviour mapping = NatBehaviour::kEndpointIndependent;
  NatBehaviour filtering = NatBehaviour::kAddressAndPortDependent;
  // Only the families that it has external addresses of are translated; others pass as they are. With none at all (left
  // as 0.0.0.0) it is a router with a firewall.
  IpAddress external;
  // An idle mapping ends after this (RFC 4787 §4.3 asks for two minutes at least).
  Duration timeout = std::chrono::minutes(2);
  // RFC 4787 §4.3: which direction keeps a mapping alive (REQ-6: outbound, at least).
  bool outbound_refresh = true;
  bool inbound_refresh = false;
  PortAssignment ports = PortAssignment::kSequential;
  // RFC 4787 §6: what is sent to an external address from inside comes back in, from the sender's external address.
  bool hairpinning = true;
  // Further external addresses. RFC 4787 §4.1: when paired, an inside address keeps to one of them (REQ-2).
  std::vector<IpAddress> more_external{};
  bool paired_pooling = true;
  // RFC 5382 §5: an idle connection's mapping lives two hours and four minutes at least.
  Duration tcp_timeout = std::chrono::minutes(124);
  // The NAT that this one lives behind: carrier-grade NAT.
  std::optional<NatId> behind{};
  // On its inner side, for what it translates and for what it only passes on.
  FirewallConfig firewall{};
};

class Nat {
 public:
  explicit Nat(const NatConfig& config, std::uint64_t seed = 0) : config_(config), random_(seed) {}
  Nat(const Nat&) = delete;  // by_outside_ points into mappings_, which only a move keeps in place
  Nat& operator=(const Nat&) = delete;
  Nat(Nat&&) = default;
  Nat& operator=(Nat&&) = default;
  ~Nat() = default;

  const NatConfig& config() const { return config_; }
  bool translates(bool v6) const;
  bool owns(const IpAddress& address) const;
  std::vector<IpAddress> external_addresses() const;

  // A datagram from the inside: the external address that it leaves with; nothing when no port is left.
  std::optional<SocketAddress> outbound(const SocketAddress& inside, const SocketAddress& remote, Timestamp now,
                                        Protocol protocol = Protocol::kUdp);
  // A datagram from the outside: the inside address it goes to, or nothing when it is filtered. It makes no mapping.
  std::optional<SocketAddress> inbound(const SocketAddress& external, const SocketAddress& remote, Timestamp now,
                                       Protocol protocol = Protocol::kUdp);
  // Forgets everything, as a reboot does.
  void rebind();
  // A reboot that brings another address. In a network, use Network::rebind(), which routes the new one.
  void rebind(const IpAddress& external);
  // Counts reboots.
  std::uint64_t generation() const { return generation_; }

 private:
  // An inside address, and as much of the remote one as the mapping behaviour looks at.
  struct Key {
    Protocol protocol;
    SocketAddress inside;
    SocketAddress remote;
    auto operator<=>(const Key&) const = default;
  };
  using Outside = std::pair<Protocol, SocketAddress>;
  struct Mapping {
    SocketAddress external;
    Timestamp last_used{};
    std::set<SocketAddress> permitted{};  // as much of each as the filtering behaviour looks at
  };
  using Mappings = std::map<Key, Mapping>;

  static SocketAddress reduce(const SocketAddress& remote, NatBehaviour behaviour);
  bool expired(const Mappings::value_type& mapping, Timestamp now) const;
  void erase(Mappings::iterator mapping);
  bool is_taken(const Outside& outside, Timestamp now);
  std::optional<IpAddress> choose_address(const IpAddress& inside);
  std::uint16_t first_choice(const Outside& inside_port, const IpAddress& address, Timestamp now);
  std::optional<SocketAddress> assign(const Key& key, Timestamp now);

  NatConfig config_;
  std::mt19937_64 random_;
  Mappings mappings_;
  std::map<Outside, Mappings::iterator> by_outside_;
  std::map<IpAddress, IpAddress> paired_;  // inside to external
  std::size_t next_address_ = 0;
  std::uint16_t next_port_ = 40000;
  std::uint64_t generation_ = 0;
};

}  // namespace tidewire::sim
