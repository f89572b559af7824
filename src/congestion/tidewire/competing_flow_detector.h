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
  // Ours is gone within a second of yielding, also after the path became four times slower.
  static constexpr Duration kPatience = std::chrono::milliseconds{1500};
  // When competitors were there a short time ago, a long queue is theirs again.
  static constexpr Duration kPatienceWhenExpected = std::chrono::milliseconds{300};
  static constexpr Duration kLongQueue = std::chrono::milliseconds{40};

  // `yielding`: the queue is longer than we want, and we send less than gets through.
  void update(bool yielding, Duration queue, Timestamp now) {
    update(standing_, yielding, now);
    update(long_, yielding && queue >= kLongQueue, now);
  }
  bool found(Timestamp now, bool expected) const {
    return (standing_ && now - *standing_ >= kPatience) || (expected && long_ && now - *long_ >= kPatienceWhenExpected);
  }

 private:
  static void update(std::optional<Timestamp>& since, bool holds, Timestamp now) {
    if (!holds) {
      since.reset();
    } else if (!since) {
      since = now;
    }
  }

  std::optional<Timestamp> standing_;
  std::optional<Timestamp> long_;
};

}  // namespace tidewire::congestion
