// A datagram with where it comes from and goes to, as it passes between a session and its sockets.
#pragma once

#include "tidewire/address.h"
#include "tidewire/ids.h"
#include "tidewire/packet.h"

namespace tidewire {

struct Datagram {
  SocketAddress local;   // the socket that it came in on, or is to leave from (its bound address)
  SocketAddress remote;  // the other end
  Packet packet;
  StreamId stream;  // the connection that carries it as one framed message; none: UDP
};

}  // namespace tidewire
