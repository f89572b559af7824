// What the simulated network hands to a host.
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>

#include "sim/topology.h"
#include "tidewire/datagram.h"
#include "tidewire/ids.h"

namespace tidewire::sim {

enum class StreamCloseReason : std::uint8_t {
  kNoRoute,         // no enabled interface can send it from the address asked for
  kRefused,         // nobody listens there
  kConnectTimeout,  // no answer: a firewall, a NAT, or no such host
  kTlsFailed,       // the other end does not speak TLS, or speaks nothing else
  kClosedByPeer,
  kReset,          // the other end, or a NAT that rebooted, does not know of it
  kTimedOut,       // what was sent was lost again and again
  kInterfaceGone,  // the interface was taken down, or its address removed
};

std::string_view to_string(StreamCloseReason reason);

// A stream that this host asked for is ready.
struct StreamOpened {
  StreamId stream;
  SocketAddress local;
};
// One that somebody else asked for; its id is the network's choice (Streams::kFirstAccepted and up).
struct StreamAccepted {
  StreamId stream;
  SocketAddress local;
  SocketAddress remote;  // behind a NAT: its external address
};
struct StreamClosed {
  StreamId stream;
  StreamCloseReason reason;
};

struct Delivery {
  HostId host;
  // A datagram is as the receiver sees it: local is its own address, and the stream's id its own.
  std::variant<Datagram, StreamOpened, StreamAccepted, StreamClosed> what;
};

}  // namespace tidewire::sim
