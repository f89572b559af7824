// How the pictures of a call were seen.
#pragma once

#include <vector>

#include "simulate/recording.h"

namespace tidewire::simulate {

struct Pictures {
  std::vector<Span> frozen;
  std::vector<Span> paused;  // the sender made none because the path did not carry them
  int size_changes = 0;

  // Of the frozen time, what lies between two moments.
  double frozen_seconds(Duration from, Duration to) const;
};

// Frozen by the rule of the W3C's freezeCount; and, which that does not count, intervals of more than 5 s.
Pictures look_at_pictures(const CallRecording& call);

}  // namespace tidewire::simulate
