// Lowers the rate while packets leave and no feedback comes: the round trip is then at least as long as that.
#pragma once

#include <algorithm>
#include <optional>

#include "tidewire/time.h"

namespace tidewire::congestion::google {

class SilenceBackoff {
 public:
  static constexpr Duration kLimit = std::chrono::seconds{3};
  static constexpr Duration kInterval = std::chrono::seconds{1};
  static constexpr double kFactor = 0.8;
  static constexpr double kLeastRate = 5'000;

  void handle_sent(Timestamp now) {
    if (!heard_) heard_ = now;  // what is known begins here
    sent_ = now;
  }
  void handle_feedback(Timestamp now, Duration rtt) {
    heard_ = now;
    rtt_ = rtt;
  }

  // The round trip is too long.
  bool active() const { return heard_ && sent_ && round_trip() > kLimit; }
  // True when the rate is to be multiplied by kFactor now.
  bool lower(Timestamp now) {
    if (!active() || (lowered_ && now - *lowered_ < kInterval)) return false;
    lowered_ = now;
    return true;
  }
  Timestamp next_timeout(Timestamp now) const {
    if (!active()) return kNever;
    return lowered_ ? *lowered_ + kInterval : now;
  }

 private:
  Duration round_trip() const { return rtt_ + std::max(*sent_ - *heard_, Duration::zero()); }

  std::optional<Timestamp> heard_;
  std::optional<Timestamp> sent_;
  std::optional<Timestamp> lowered_;
  Duration rtt_{};
};

}  // namespace tidewire::congestion::google
