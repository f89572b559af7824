// Spaces new checks and gathering requests by Ta (RFC 8445 §14.2), with a small burst after a pause.
#pragma once

#include <algorithm>

#include "tidewire/time.h"

namespace tidewire::ice {

// A leaky bucket in its virtual-scheduling form: one point in time is its whole state.
class Pacer {
 public:
  Pacer(Duration interval, int burst) : interval_(interval), tolerance_(interval * (burst - 1)) {}

  // When the next one may leave; at or before `now` means now.
  Timestamp next() const { return theoretical_ == Timestamp{} ? Timestamp{} : theoretical_ - tolerance_; }
  bool ready(Timestamp now) const { return next() <= now; }
  void take(Timestamp now) { theoretical_ = std::max(theoretical_, now) + interval_; }

 private:
  Duration interval_;
  Duration tolerance_;
  Timestamp theoretical_{};
};

}  // namespace tidewire::ice
