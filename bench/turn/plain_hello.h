// How a flow is made without TURN: the client's first datagram names its peer, and the forwarder answers with the
// address that it has taken towards it, as Allocate would.
#pragma once

#include <netinet/in.h>

#include <array>
#include <cstring>
#include <optional>

#include "tidewire/bytes.h"

namespace tidewire::bench {

using PlainHello = std::array<std::uint8_t, 10>;  // "TWFW", address, port

inline PlainHello plain_hello(const sockaddr_in& address) {
  PlainHello hello{'T', 'W', 'F', 'W'};
  std::memcpy(&hello[4], &address.sin_addr, 4);
  std::memcpy(&hello[8], &address.sin_port, 2);
  return hello;
}

inline std::optional<sockaddr_in> read_plain_hello(ByteView datagram) {
  if (datagram.size() != PlainHello{}.size() || as_text(datagram.first(4)) != "TWFW") return std::nullopt;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  std::memcpy(&address.sin_addr, &datagram[4], 4);
  std::memcpy(&address.sin_port, &datagram[8], 2);
  return address;
}

}  // namespace tidewire::bench
