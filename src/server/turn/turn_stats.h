// What a STUN and TURN service has done, over all of its threads.
#pragma once

#include <cstddef>

#include "io/udp_hub.h"
#include "turn/server.h"

namespace tidewire::server {

struct TurnStats {
  turn::ServerStats machine;
  io::UdpHub::Stats udp;
  std::size_t streams = 0;  // TCP and TLS connections, now

  // Another thread's. `machine.users` is that of the ledger, which all share.
  TurnStats& operator+=(const TurnStats& other);
};

}  // namespace tidewire::server
