// The moments at which what a call may hope for changes: the capacity, the calls, the TCP beside them.
#pragma once

#include <vector>

#include "simulate/recording.h"

namespace tidewire::simulate {

// The time between two changes.
struct Stage {
  Duration from{};
  Duration to{};
  Direction direction = Direction::kForward;
  double capacity = 0;             // bits per second, on average
  std::vector<std::size_t> calls;  // indices of those that are active
  std::size_t tcps = 0;            // long ones
  // What each is to have; 0: all that it wants, for nothing limits it.
  double fair_share() const { return calls.empty() ? 0 : capacity / static_cast<double>(calls.size() + tcps); }
};

std::vector<Stage> stages(const Recording& recording, Direction direction);

}  // namespace tidewire::simulate
