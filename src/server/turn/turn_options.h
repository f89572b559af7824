// What the owner of a STUN and TURN service decides, beside what its machines need to know.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tidewire/address.h"
#include "tidewire/result.h"
#include "tidewire/time.h"
#include "turn/server_config.h"

namespace tidewire::server {

struct TurnOptions {
  // Where clients are served; port 0 lets the system choose one outside the relayed ports. UDP comes first: its first
  // address is the primary one of RFC 5780. No wildcards: an answer must leave from the address that was asked.
  std::vector<SocketAddress> udp;
  std::vector<SocketAddress> tcp;
  std::vector<SocketAddress> tls;
  // A certificate, those between it and its authority, and the private key, in PEM; for `tls`.
  std::string certificate_pem;
  // `listen` is filled in by the service from what it could open.
  turn::ServerConfig machine;
  // 0: one for each core.
  std::size_t threads = 0;
  // How often the system's clock is looked at. A connection whose allocation has ended is closed when it is found
  // without one twice in a row.
  Duration housekeeping = std::chrono::minutes(1);
};

// What a machine is told: `machine`, with all the listening addresses.
turn::ServerConfig machine_config(const TurnOptions& options);

// What is wrong with them, in one sentence.
Result<> check(const TurnOptions& options);

// The same with free ports in place of 0, or an error that names the address that is taken: whoever listens on a shared
// address (SO_REUSEPORT) would share it with another process as well, and never know.
Result<TurnOptions> with_free_ports(const TurnOptions& options);

}  // namespace tidewire::server
