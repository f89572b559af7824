// A socket of this host, and how it is shown to the peer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tidewire/address.h"

namespace tidewire {

// A bound UDP socket or a listening TCP one.
struct LocalSocket {
  SocketAddress bound;
  // A higher one makes its pairs preferred; each its own (RFC 8445 §5.1.2.1).
  std::uint16_t preference = 65535;
  // A multicast DNS name that is shown in place of the address, "<uuid>.local"; empty: the address is shown. Whoever
  // gives it answers queries for it.
  std::string mdns_name;
  // The address that a 1:1 NAT gives this host outside; the port stays the same.
  std::optional<IpAddress> public_ip;
};

}  // namespace tidewire
