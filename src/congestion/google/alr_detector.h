// Whether the application sends less than it may (the application-limited region): then what arrives says nothing
// about the path, and only probes do.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>

#include "congestion/google/units.h"
#include "tidewire/time.h"

namespace tidewire::congestion::google {

class AlrDetector {
 public:
  static constexpr double kUsage = 0.65;  // of the estimate: who sends less than this is limited
  static constexpr double kBegin = 0.80;  // so much of the budget is unused
  static constexpr double kEnd = 0.50;
  static constexpr Duration kWindow = std::chrono::milliseconds{500};

  void set_estimate(double rate) {
    capacity_ = kUsage * rate * in_seconds(kWindow) / 8;
    unused_ = std::clamp(unused_, -capacity_, capacity_);
  }

  // A packet leaves.
  void add(std::size_t size, Timestamp now) {
    unused_ = std::max(unused_ - static_cast<double>(size), -capacity_);
    if (last_) unused_ = std::min(unused_ + capacity_ * in_seconds(now - *last_) / in_seconds(kWindow), capacity_);
    last_ = now;
    if (!since_ && unused_ > kBegin * capacity_) since_ = now;
    if (since_ && unused_ < kEnd * capacity_) since_.reset();
  }

  // Since when; nothing when it is not.
  std::optional<Timestamp> since() const { return since_; }

 private:
  double capacity_ = 0;  // bytes that a window has room for
  double unused_ = 0;
  std::optional<Timestamp> last_;
  std::optional<Timestamp> since_;
};

}  // namespace tidewire::congestion::google
