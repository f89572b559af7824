// What a TURN server decides about one datagram of data: nothing is copied, the bytes stay where they came in.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "tidewire/address.h"
#include "tidewire/bytes.h"
#include "tidewire/ids.h"

namespace tidewire::turn {

// Data on its way through the relay: which of the bytes that came in go out again, what is put before and behind them,
// from where and to whom.
struct Forwarding {
  // The longest: a Data indication's header, XOR-PEER-ADDRESS with an IPv6 address, the header of DATA.
  static constexpr std::size_t kMaxPrefix = 48;

  SocketAddress local;     // what it leaves from: a relayed address, or the listening one that the client spoke to
  SocketAddress remote;    // the peer, or the client
  StreamId stream;         // the client's connection; none: UDP
  std::size_t offset = 0;  // of the bytes within what came in
  std::size_t size = 0;
  std::size_t padding = 0;  // zero bytes behind (RFC 8489 §14: of DATA), 0 to 3
  std::size_t prefix_size = 0;
  std::array<std::uint8_t, kMaxPrefix> prefix;  // not initialised beyond prefix_size

  ByteView prefix_bytes() const { return ByteView(prefix).first(prefix_size); }
};

}  // namespace tidewire::turn
