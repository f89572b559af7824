// Who is joined to whom: hosts with interfaces, behind NATs that may live behind NATs, and the way between two of them.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/firewall.h"
#include "sim/link.h"
#include "sim/nat.h"
#include "tidewire/address.h"

namespace tidewire::sim {

using HostId = std::size_t;
// Counted from 0 on each host.
using InterfaceId = std::size_t;

// One attachment of a host to the network.
struct InterfaceConfig {
  std::string name;
  std::vector<IpAddress> addresses;
  LinkConfig up;
  LinkConfig down;
  // The NAT that it lives behind; interfaces that name the same one share it.
  std::optional<NatId> nat;
  FirewallConfig firewall{};
};

struct HostConfig {
  std::string name;
  // Interface 0.
  std::vector<IpAddress> addresses;
  LinkConfig up;
  LinkConfig down;
  std::optional<NatId> nat;
  FirewallConfig firewall{};
  // Interfaces 1 and up.
  std::vector<InterfaceConfig> more_interfaces{};
};

struct Interface {
  Interface(const InterfaceConfig& of, HostId on, std::uint64_t seed)
      : config(of), host(on), up(of.up, seed), down(of.down, seed + 1), firewall(of.firewall) {}

  InterfaceConfig config;
  HostId host;
  Link up;
  Link down;
  Firewall firewall;
  bool enabled = true;
};

// Names an interface in the whole network.
using InterfaceNumber = std::size_t;

// Where a packet ends, and how it looks there.
struct Arrival {
  InterfaceNumber interface = 0;
  SocketAddress source;
  SocketAddress target;
  std::vector<std::pair<NatId, std::uint64_t>> nats{};  // that translated it, and their generations
};

class Topology {
 public:
  explicit Topology(std::uint64_t seed) : seed_(seed) {}

  NatId add_nat(const NatConfig& config);
  HostId add_host(const HostConfig& config);
  InterfaceId add_interface(HostId host, const InterfaceConfig& config);
  void add_address(HostId host, InterfaceId interface, const IpAddress& address);
  void remove_address(HostId host, InterfaceId interface, const IpAddress& address);
  void rebind(NatId id, const IpAddress& external);

  std::size_t hosts() const { return hosts_.size(); }
  std::size_t interfaces(HostId host) const { return hosts_[host].interfaces.size(); }
  InterfaceNumber number(HostId host, InterfaceId interface) const { return hosts_[host].interfaces[interface]; }
  Interface& at(InterfaceNumber number) { return interfaces_[number]; }
  const Interface& at(InterfaceNumber number) const { return interfaces_[number]; }
  Nat& nat(NatId id) { return nats_[id].nat; }
  Firewall& firewall(NatId id) { return nats_[id].firewall; }
  // Of all interfaces that are enabled.
  std::vector<IpAddress> addresses(HostId host) const;

  // The enabled interface that has `local.ip`. An unspecified one becomes the first address that can reach `remote`.
  std::optional<InterfaceNumber> source_interface(HostId host, SocketAddress& local, const SocketAddress& remote) const;
  // Carries a packet that has left `from` through NATs and firewalls, the receiver's among them. Nothing: it is
  // dropped.
  std::optional<Arrival> route(InterfaceNumber from, Protocol protocol, const SocketAddress& source,
                               const SocketAddress& target, Timestamp now);
  // Whether the NATs that translated on the way still know of it.
  bool is_intact(const Arrival& arrival) const;

 private:
  // A network: that inside a NAT, or (nothing) the public one.
  using Level = std::optional<NatId>;
  struct Router {
    Nat nat;
    Firewall firewall;
  };
  struct Host {
    std::string name;
    std::vector<InterfaceNumber> interfaces{};
  };
  // What has an address: an interface, or a NAT's outer side.
  struct Owner {
    bool is_nat = false;
    std::size_t id = 0;
  };

  Level outside(NatId id) const { return nats_[id].nat.config().behind; }
  Level level_of(const Owner& owner) const;
  Level address_space(Level level, bool v6) const;
  bool contains(Level outer, Level inner) const;
  const Owner* find(Level level, const IpAddress& address) const;
  bool climb(Level& level, Protocol protocol, SocketAddress& source, const SocketAddress& target, Arrival& arrival,
             Timestamp now);
  bool enter(Level outer, Level inner, Protocol protocol, const SocketAddress& source, const SocketAddress& target,
             Timestamp now);
  bool descend(Level level, Protocol protocol, Arrival& arrival, Timestamp now);
  void register_external(NatId id);

  std::uint64_t seed_;
  std::deque<Router> nats_;
  std::deque<Interface> interfaces_;
  std::vector<Host> hosts_;
  std::map<std::pair<Level, IpAddress>, Owner> owners_;
};

}  // namespace tidewire::sim
