// The least of the last eight round trips: one packet that came late says nothing, eight that did say that there is a
// queue.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "tidewire/time.h"

namespace tidewire::sctp {

class RecentMin {
 public:
  static constexpr std::size_t kSamples = 8;

  void add(Duration rtt) { samples_[count_++ % kSamples] = rtt; }
  // Before this value() means little.
  bool full() const { return count_ >= kSamples; }
  Duration value() const { return *std::min_element(samples_.begin(), samples_.end()); }

 private:
  std::array<Duration, kSamples> samples_{};
  std::size_t count_ = 0;
};

}  // namespace tidewire::sctp
