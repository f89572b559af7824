// A small internet in virtual time: hosts, some behind NATs, joined by links.
//
// Each host has an access link up and one down. A datagram goes up the sender's link, through its NAT if it has
// one, across a core without delay, through the receiver's NAT, and down the receiver's link.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/link.h"
#include "sim/nat.h"
#include "tidewire/datagram.h"

namespace tidewire::sim {

using HostId = std::size_t;

struct HostConfig {
  std::string name;
  std::vector<IpAddress> addresses;
  LinkConfig up;
  LinkConfig down;
  // The NAT that it lives behind; hosts that name the same one share it.
  std::optional<std::size_t> nat;
};

class Network {
 public:
  explicit Network(std::uint64_t seed) : seed_(seed) {}

  PacketPool& pool() { return pool_; }
  std::size_t add_nat(const NatConfig& config);
  HostId add_host(const HostConfig& config);
  Nat& nat(std::size_t id) { return nats_[id]; }
  Link& up(HostId host) { return hosts_[host].up; }
  Link& down(HostId host) { return hosts_[host].down; }

  // Sends from a host; `datagram.local` is one of its addresses. What no route leads to is dropped.
  void send(HostId from, Datagram datagram, Timestamp now);
  struct Delivery {
    HostId host;
    Datagram datagram;  // as the receiver sees it: local is its own address
  };
  // The next datagram that has reached its host by `now`.
  std::optional<Delivery> receive(Timestamp now);
  // When something moves next.
  Timestamp next_arrival() const;

 private:
  struct Host {
    HostConfig config;
    Link up;
    Link down;
  };

  void route(const Host& from, Datagram datagram, Timestamp now);
  void deliver_outside(const SocketAddress& source, const SocketAddress& target, Packet packet, Timestamp now);
  void go_down(const SocketAddress& source, const SocketAddress& target, std::optional<std::size_t> nat, Packet packet,
               Timestamp now);

  std::uint64_t seed_;
  PacketPool pool_;
  std::vector<Nat> nats_;
  std::vector<Host> hosts_;
};

}  // namespace tidewire::sim
