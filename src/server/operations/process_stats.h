// What the system says about this process.
#pragma once

#include <cstdint>

namespace tidewire::server {

struct ProcessStats {
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  double cpu_seconds = 0;    // user and system
  double start_seconds = 0;  // Unix time
  std::uint64_t open_descriptors = 0;
  std::uint64_t max_descriptors = 0;
  std::uint64_t threads = 0;
};

// From /proc. What cannot be read stays 0.
ProcessStats read_process_stats();

}  // namespace tidewire::server
