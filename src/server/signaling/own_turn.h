// The STUN and TURN server that runs beside the signaling server, as clients are told of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tidewire/time.h"

namespace tidewire::server {

struct OwnTurn {
  std::string secret;  // shared with the TURN server (turn::ServerConfig::shared_secrets); empty: clients get STUN only
  // For how long what a client was told lets it make allocations. One that it has made outlives this.
  Duration credential_lifetime = std::chrono::hours{12};
  std::string host;  // a name or an address; empty: what the client itself called us, the Host header of its request
  std::uint16_t port = 3478;              // of UDP and TCP
  std::optional<std::uint16_t> tls_port;  // turns: is told only with it
};

}  // namespace tidewire::server
