#include "media/freeze_meter.h"

#include <algorithm>

namespace tidewire::media {

bool FreezeMeter::is_freeze(Duration interval) const {
  if (count_ < kFewest) return false;
  const Duration average = sum_ / static_cast<std::int64_t>(count_);
  return interval > std::max<Duration>(3 * average, average + kFreeze);
}

void FreezeMeter::handle_frame(Timestamp now, bool shown) {
  given_out_[given_out_count_++ % given_out_.size()] = now;
  if (!shown) return;
  if (!last_) {
    last_ = now;
    return;
  }
  const Duration interval = now - *last_;
  last_ = now;
  total_ += interval;
  const double seconds = std::chrono::duration<double>(interval).count();
  total_squared_ += seconds * seconds;
  if (interval > kPause) {
    ++pauses_;
    total_pauses_ += interval;
    count_ = next_ = 0;
    sum_ = Duration::zero();
    return;
  }
  if (is_freeze(interval)) {
    ++freezes_;
    total_freezes_ += interval;
  }
  if (count_ == kIntervals) sum_ -= intervals_[next_];
  intervals_[next_] = interval;
  sum_ += interval;
  next_ = (next_ + 1) % kIntervals;
  count_ = std::min(count_ + 1, kIntervals);
}

void FreezeMeter::restart() {
  last_.reset();
  count_ = next_ = 0;
  sum_ = Duration::zero();
}

std::size_t FreezeMeter::frames_per_second(Timestamp now) const {
  const std::size_t known = std::min(given_out_count_, given_out_.size());
  std::size_t frames = 0;
  while (frames < known &&
         now - given_out_[(given_out_count_ - 1 - frames) % given_out_.size()] < std::chrono::seconds{1})
    ++frames;
  return frames;
}

}  // namespace tidewire::media
