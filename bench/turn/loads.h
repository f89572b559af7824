// The sub-commands of turn_load. Each prints its report and gives the program's exit code.
#pragma once

#include <cstddef>
#include <string>

namespace tidewire::bench {

struct LoadOptions {
  std::string server = "127.0.0.1:3478";
  std::string user = "bench";
  std::string password = "bench";
  std::string peer_ip = "127.0.0.1";
  bool plain = false;
  std::size_t allocations = 1;
  std::size_t peers = 1;
  std::size_t size = 200;
  std::size_t train = 1;
  bool receive_trains = false;
  std::string framing = "channel";
  std::string direction = "both";
  std::size_t window = 32;
  std::size_t in_flight = 128;
  double rate = 0;
  double duration = 5;
  double warm_up = 0.5;
  bool latency = false;
  int pid = 0;
  bool json = false;
};

int relay_load(const LoadOptions& options);  // also latency
int binding_load(const LoadOptions& options);
int allocate_load(const LoadOptions& options);
int idle_load(const LoadOptions& options);

}  // namespace tidewire::bench
