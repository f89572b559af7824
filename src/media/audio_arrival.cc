#include "media/audio_arrival.h"

namespace tidewire::media {

void AudioArrival::handle_packet(Duration media_time, Timestamp now) {
  expire(now);
  const Timestamp origin = now - media_time;
  if (count_ > 0 && origin_ - origin > kMaxEarlier) reset();
  if (count_ > 0 && origin - origin_ > kMaxLater) {
    far_since_ = std::min(far_since_, now);
    if (now - far_since_ < kPatience) return;
    reset();
  }
  far_since_ = kNever;
  record(origin, now);
  measure();
}

void AudioArrival::reset() {
  if (count_ > 0) guess_ = delay();
  count_ = 0;
  delay_ = Duration::zero();
  far_since_ = kNever;
}

void AudioArrival::expire(Timestamp now) {
  if (count_ > 0 && now - at(count_ - 1).since > kWindow) return reset();
  while (count_ > 0 && now - at(0).since > kWindow) {
    first_ = (first_ + 1) % kMaxIntervals;
    --count_;
  }
}

void AudioArrival::record(Timestamp origin, Timestamp now) {
  if (count_ > 0 && now - at(count_ - 1).since < kInterval) {
    Interval& present = at(count_ - 1);
    present.earliest = std::min(present.earliest, origin);
    present.latest = std::max(present.latest, origin);
    return;
  }
  if (count_ == kMaxIntervals) {
    first_ = (first_ + 1) % kMaxIntervals;
    --count_;
  }
  at(count_++) = {now, origin, origin};
}

void AudioArrival::measure() {
  std::array<Timestamp, kMaxIntervals> latest;
  origin_ = at(0).earliest;
  for (std::size_t i = 0; i < count_; ++i) {
    origin_ = std::min(origin_, at(i).earliest);
    latest[i] = at(i).latest;
  }
  const auto left_out = static_cast<std::size_t>(static_cast<double>(count_) * (1 - kQuantile));
  const auto end = latest.begin() + static_cast<std::ptrdiff_t>(count_);
  const auto wanted = end - 1 - static_cast<std::ptrdiff_t>(left_out);
  std::nth_element(latest.begin(), wanted, end);
  delay_ = *wanted - origin_;
}

}  // namespace tidewire::media
