#include "io/socket_address.h"

#include <array>
#include <cstring>
#include <system_error>

namespace tidewire::io {

socklen_t to_system(const SocketAddress& address, SystemAddress& system) {
  std::memset(&system, 0, sizeof system);
  const ByteView bytes = address.ip.bytes();
  if (address.ip.is_v4()) {
    system.v4.sin_family = AF_INET;
    system.v4.sin_port = htons(address.port);
    std::memcpy(&system.v4.sin_addr, bytes.data(), bytes.size());
    return sizeof system.v4;
  }
  system.v6.sin6_family = AF_INET6;
  system.v6.sin6_port = htons(address.port);
  system.v6.sin6_scope_id = address.ip.scope();
  std::memcpy(&system.v6.sin6_addr, bytes.data(), bytes.size());
  return sizeof system.v6;
}

SocketAddress from_system(const SystemAddress& system) {
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

std::string system_message(int error) { return std::generic_category().message(error); }

}  // namespace tidewire::io
