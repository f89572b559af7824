// Where a datagram leaves from and goes to, and what carries it.
#pragma once

#include "tidewire/address.h"
#include "tidewire/ids.h"

namespace tidewire::ice {

struct Route {
  SocketAddress local;  // the socket or relay; of a stream, its near end
  SocketAddress remote;
  StreamId stream;  // none: UDP

  friend bool operator==(const Route&, const Route&) = default;
};

}  // namespace tidewire::ice
