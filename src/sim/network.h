// A small internet in virtual time: hosts, some behind NATs and firewalls, joined by links.
//
// Each interface of a host has an access link up and one down. A datagram goes up the sender's link, through the NATs
// and firewalls that it lives behind, across a core without delay, through those of the receiver, and down the
// receiver's link. Connections (Streams) go the same way.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "sim/delivery.h"
#include "sim/names.h"
#include "sim/streams.h"
#include "sim/topology.h"
#include "tidewire/datagram.h"

namespace tidewire::sim {

class Network {
 public:
  explicit Network(std::uint64_t seed) : topology_(seed), streams_(topology_) {}
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  PacketPool& pool() { return pool_; }
  NatId add_nat(const NatConfig& config) { return topology_.add_nat(config); }
  HostId add_host(const HostConfig& config) { return topology_.add_host(config); }
  InterfaceId add_interface(HostId host, const InterfaceConfig& config) {
    return topology_.add_interface(host, config);
  }
  std::size_t interfaces(HostId host) const { return topology_.interfaces(host); }
  // What an interface monitor would list: the addresses of all interfaces that are up.
  std::vector<IpAddress> addresses(HostId host) const { return topology_.addresses(host); }

  Nat& nat(NatId id) { return topology_.nat(id); }
  Link& up(HostId host, InterfaceId interface = 0) { return at(host, interface).up; }
  Link& down(HostId host, InterfaceId interface = 0) { return at(host, interface).down; }
  Firewall& firewall(HostId host, InterfaceId interface = 0) { return at(host, interface).firewall; }
  Firewall& nat_firewall(NatId id) { return topology_.firewall(id); }
  // Connections: who listens, and what is open. Messages on them go through send().
  Streams& streams() { return streams_; }
  Names& names() { return names_; }

  // The NAT comes back with another external address (Nat::rebind() keeps it).
  void rebind(NatId id, const IpAddress& external) { topology_.rebind(id, external); }
  // While an interface is down, what is sent from it or to it is dropped; its streams close.
  void take_down(HostId host, InterfaceId interface);
  void bring_up(HostId host, InterfaceId interface) { at(host, interface).enabled = true; }
  void add_address(HostId host, InterfaceId interface, const IpAddress& address);
  // The streams that use it close.
  void remove_address(HostId host, InterfaceId interface, const IpAddress& address);

  // Sends from a host. `datagram.local` is one of its addresses, or unspecified: the network chooses. What no route
  // leads to is dropped.
  void send(HostId from, Datagram datagram, Timestamp now);
  // The next thing that has reached its host by `now`.
  std::optional<Delivery> receive(Timestamp now);
  // When something moves next.
  Timestamp next_arrival() const;

 private:
  Interface& at(HostId host, InterfaceId interface) { return topology_.at(topology_.number(host, interface)); }
  Link& link(std::size_t number) {
    Interface& interface = topology_.at(number / 2);
    return number % 2 == 0 ? interface.up : interface.down;
  }
  void schedule(std::size_t link_number);
  std::optional<Datagram> move_one(std::size_t link_number, Timestamp now);

  Topology topology_;
  Streams streams_;
  Names names_;
  PacketPool pool_;
  // When each link that is not empty has its next arrival. Links are numbered by interface: up, then down.
  std::set<std::pair<Timestamp, std::size_t>> arrivals_;
  std::vector<Timestamp> scheduled_;  // by link: its entry in arrivals_, or kNever
};

}  // namespace tidewire::sim
