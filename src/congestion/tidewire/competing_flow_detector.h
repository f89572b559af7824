// Tells whether a queue is made by somebody who fills it until it overflows, as TCP does. A queue of our own making
// drains when we yield; one that stands for long although we do is not ours (Copa, Arun and Balakrishnan 2018, §2.2
// looks for the same: whether the queue ever nearly empties).
#pragma once

#include <chrono>
#include <optional>

#include "tidewire/time.h"

namespace tidewire::congestion {

class CompetingFlowDetector {
 public:
  // CUBIC in a deep queue comes back to the bottom of its saw every few seconds and leaves it half full even there.
  static constexpr Duration kPatience = std::chrono::milliseconds{1500};
  static constexpr Duration kPatienceWhenExpected = std::chrono::milliseconds{300};
  // A queue as short as this is a drained one for the purpose.
  static constexpr Duration kDrained = std::chrono::milliseconds{40};

  // `queue` stands now; `yielded`: we send less than gets through.
  void update(Duration queue, bool yielded, Timestamp now) {
    if (queue < kDrained || !yielded) {
      since_.reset();
    } else if (!since_) {
      since_ = now;
    }
  }
  // `expected`: they were there a short time ago.
  bool found(Timestamp now, bool expected) const {
    return since_ && now - *since_ >= (expected ? kPatienceWhenExpected : kPatience);
  }
  void reset() { since_.reset(); }

 private:
  std::optional<Timestamp> since_;
};

}  // namespace tidewire::congestion
