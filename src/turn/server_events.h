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
// The same for a socket that listens for TCP connections (RFC 6062), each of which is told of by peer_accepted().
struct OpenTcpRelay {
  SocketAddress address;
};
struct CloseTcpRelay {
  SocketAddress address;
};
using RelayEvent = std::variant<OpenRelay, CloseRelay, OpenTcpRelay, CloseTcpRelay>;

// A TCP connection is wanted, which leaves from the relayed port. The answer is peer_connected() or
// peer_connect_failed(). Nothing is to be read from a peer's connection before its Splice.
struct ConnectPeer {
  ConnectionId id;
  SocketAddress from;
  SocketAddress to;
};
// The client's connection no longer carries messages, but what goes to and comes from the peer's. First it carries what
// poll_transmit() still has for it; what came in behind the last message is the peer's already. The owner tells of
// bytes by spliced(), and of the end of either connection by peer_closed().
struct Splice {
  ConnectionId id;
  FiveTuple client;
};
// The peer's connection is no longer wanted, nor the client's that it is spliced with.
struct ClosePeer {
  ConnectionId id;
};
using ConnectionEvent = std::variant<ConnectPeer, Splice, ClosePeer>;

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

using ServerEvent = std::variant<OpenRelay, CloseRelay, OpenTcpRelay, CloseTcpRelay, ConnectPeer, Splice, ClosePeer,
                                 AllocationMade, AllocationEnded>;

}  // namespace tidewire::turn
