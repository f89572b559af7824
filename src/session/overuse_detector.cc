#include "session/overuse_detector.h"

#include <algorithm>
#include <chrono>

namespace tidewire::session {

OveruseDetector::Verdict OveruseDetector::note(const EncoderLoad& load, Timestamp now) {
  if (load.elapsed <= Duration::zero() || load.pictures == 0) return Verdict::kNone;
  if (settled_at_ && now - load.elapsed < *settled_at_) return Verdict::kNone;
  const std::chrono::duration<double> busy = load.busy;
  smooth(std::clamp(busy / load.elapsed, 0.0, 1.0), load.elapsed);
  const double dropped = static_cast<double>(load.dropped) / static_cast<double>(load.pictures);
  const bool much = *usage_ > kOveruse || dropped > kManyDropped;
  overused_ = much ? overused_ + 1 : 0;
  if (*usage_ > kUnderuse || dropped > kManyDropped) {
    idle_since_.reset();
  } else if (!idle_since_) {
    idle_since_ = now;
  }
  if (overused_ >= kAgree) {
    const bool soon = went_up_at_ && now - *went_up_at_ < kSoon;
    back_off_ = soon ? std::min(2 * back_off_, kLastBackOff) : kFirstBackOff;
    went_up_at_.reset();
    restart(now);
    return Verdict::kOveruse;
  }
  if (idle_since_ && now - *idle_since_ >= back_off_) {
    went_up_at_ = now;
    restart(now);
    return Verdict::kUnderuse;
  }
  return Verdict::kNone;
}

void OveruseDetector::restart(Timestamp now) {
  usage_.reset();
  overused_ = 0;
  idle_since_.reset();
  settled_at_ = now + kSettling;
}

void OveruseDetector::smooth(double usage, Duration elapsed) {
  const std::chrono::duration<double> time = elapsed;
  const double weight = time / (time + kSmoothing);
  usage_ = usage_ ? *usage_ + weight * (usage - *usage_) : usage;
}

}  // namespace tidewire::session
