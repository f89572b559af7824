// The clock of this floor: the steady clock, read into the library's own time type. The event loop (io) uses the same
// origin, so that stamps of devices and of the network compare.
#pragma once

#include <chrono>

#include "tidewire/time.h"

namespace tidewire::devices {

inline Timestamp steady_now() { return Timestamp{std::chrono::steady_clock::now().time_since_epoch()}; }

inline std::chrono::steady_clock::time_point to_steady(Timestamp t) {
  return std::chrono::steady_clock::time_point{t.time_since_epoch()};
}

}  // namespace tidewire::devices
