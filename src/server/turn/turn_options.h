// What the owner of a STUN and TURN service decides, beside what its machines need to know.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tidewire/address.h"
#include "turn/server_config.h"

namespace tidewire::server {

struct TurnOptions {
  // Where clients are served; port 0 lets the system choose. UDP comes first: its first address is the primary one of
  // RFC 5780.
  std::vector<SocketAddress> udp;
  std::vector<SocketAddress> tcp;
  std::vector<SocketAddress> tls;
  // A certificate, those between it and its authority, and the private key, in PEM; for `tls`.
  std::string certificate_pem;
  // `listen` is filled in by the service from what it could open.
  turn::ServerConfig machine;
  // 0: one for each core.
  std::size_t threads = 0;
};

}  // namespace tidewire::server
