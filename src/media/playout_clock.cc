#include "media/playout_clock.h"

#include <algorithm>

namespace tidewire::media {

namespace {

// A step beyond this is a new timeline, not delay.
constexpr Duration kMaxStep = std::chrono::seconds{3};
// The origin follows a path or a clock that became slower by this part of the difference with each frame: 99 % within
// ten seconds at 30 frames a second. A single late frame moves it by 1 ms at most for each 64 ms.
constexpr std::int64_t kFollow = 64;

}  // namespace

Timestamp PlayoutClock::handle_frame(std::uint32_t rtp_timestamp, Timestamp complete) {
  const std::int64_t ticks = timestamps_.unwrap(rtp_timestamp);
  const Duration media_time{ticks / clock_rate_ * 1'000'000'000 + ticks % clock_rate_ * 1'000'000'000 / clock_rate_};
  const Timestamp origin = complete - media_time;
  if (!origin_ || origin - *origin_ > kMaxStep || *origin_ - origin > kMaxStep) {
    origin_ = origin;
  } else if (origin < *origin_) {
    origin_ = origin;
  } else {
    *origin_ += (origin - *origin_) / kFollow;
  }
  return std::max(*origin_ + media_time + delay_, complete);
}

void PlayoutClock::reset() {
  timestamps_.reset();
  origin_.reset();
}

}  // namespace tidewire::media
