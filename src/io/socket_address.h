// Conversion between SocketAddress and the system's sockaddr. For the files of src/io.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <string>

#include "tidewire/address.h"
#include "tidewire/bytes.h"

namespace tidewire::io {

// A sockaddr with room for either family.
union SystemAddress {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

// Fills `system` and gives its length. Inline, as the next one: a relay does both for every datagram.
inline socklen_t to_system(const SocketAddress& address, SystemAddress& system) {
  std::memset(&system, 0, sizeof system);
  const std::uint8_t* bytes = address.ip.bytes().data();
  if (address.ip.is_v4()) {
    system.v4.sin_family = AF_INET;
    system.v4.sin_port = htons(address.port);
    std::memcpy(&system.v4.sin_addr, bytes, sizeof system.v4.sin_addr);
    return sizeof system.v4;
  }
  system.v6.sin6_family = AF_INET6;
  system.v6.sin6_port = htons(address.port);
  system.v6.sin6_scope_id = address.ip.scope();
  std::memcpy(&system.v6.sin6_addr, bytes, sizeof system.v6.sin6_addr);
  return sizeof system.v6;
}

// 0.0.0.0:0 for any other family.
inline SocketAddress from_system(const SystemAddress& system) {
  if (system.any.sa_family == AF_INET) {
    std::array<std::uint8_t, 4> bytes{};
    std::memcpy(bytes.data(), &system.v4.sin_addr, bytes.size());
    return {IpAddress::v4(bytes), ntohs(system.v4.sin_port)};
  }
  if (system.any.sa_family == AF_INET6) {
    std::array<std::uint8_t, 16> bytes{};
    std::memcpy(bytes.data(), &system.v6.sin6_addr, bytes.size());
    return {IpAddress::v6(bytes, system.v6.sin6_scope_id), ntohs(system.v6.sin6_port)};
  }
  return {};
}

// What errno stands for, as in "Address already in use".
std::string system_message(int error);

}  // namespace tidewire::io
