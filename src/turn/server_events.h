// What a TURN server tells its owner.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <variant>

#include "tidewire/address.h"
#include "tidewire/time.h"
#include "turn/allocation.h"
#include "turn/five_tuple.h"

namespace tidewire::turn {

// A UDP socket is wanted on this relayed address. Its client is answered after relay_opened() or relay_failed().
struct OpenRelay {
  SocketAddress address;
};
// It is no longer wanted; nor is it when opening it was under way. The port is not chosen again before this is polled.
struct CloseRelay {
  SocketAddress address;
};
using RelayEvent = std::variant<OpenRelay, CloseRelay>;

// For the log, and to be passed over by who keeps none. An owner who polls late misses some (ServerStats::log_lost),
// never one of those above, which come first.
struct AllocationMade {
  std::string account;  // whose quota it counts for
  FiveTuple client;
  std::array<SocketAddress, 2> relays{};  // by Family, as in OpenRelay; port 0: none
  Duration lifetime{};
};
enum class EndReason : std::uint8_t {
  kByClient,          // Refresh with lifetime 0
  kExpired,           // not refreshed in time
  kConnectionClosed,  // of a client on TCP or TLS
  kServerClosed,
};
struct AllocationEnded {
  std::string account;
  FiveTuple client;
  std::array<SocketAddress, 2> relays{};  // those that it had at first
  Duration duration{};
  RelayCounters counters;
  EndReason reason{};
};
using LogEvent = std::variant<AllocationMade, AllocationEnded>;

using ServerEvent = std::variant<OpenRelay, CloseRelay, AllocationMade, AllocationEnded>;

}  // namespace tidewire::turn
