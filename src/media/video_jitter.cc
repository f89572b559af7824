#include "media/video_jitter.h"

#include <algorithm>
#include <functional>

namespace tidewire::media {

namespace {

// A frame of this many usual ones is large.
constexpr double kLarge = 2;
// How fast the usual frame follows the frames: one part in so many.
constexpr int kFollow = 16;
// Fewer samples than this tell nothing about one frame in kLateOneIn, or about thousandths.
constexpr std::size_t kEnough = 64;

// The k-th largest of the first n values, from 0.
Duration kth_largest(std::array<Duration, VideoJitter::kWindow>& values, std::size_t n, std::size_t k) {
  const auto place = values.begin() + static_cast<std::ptrdiff_t>(std::min(k, n - 1));
  std::nth_element(values.begin(), place, values.begin() + static_cast<std::ptrdiff_t>(n), std::greater<>());
  return *place;
}

}  // namespace

void VideoJitter::reset() { *this = VideoJitter(); }

void VideoJitter::handle_frame(const Frame& frame) {
  const Duration interval = last_media_time_ ? frame.media_time - *last_media_time_ : Duration::zero();
  last_media_time_ = frame.media_time;
  Sample sample{frame.complete, frame.complete.time_since_epoch() - frame.media_time, {}, frame.repeated, false, false};
  sample.adjusted = sample.offset - explained_by_size(frame, interval);
  if (count_ > 0) {
    note_stall(sample, interval);
    sample.loss = sample.repeated && !last().repeated;
  } else {
    sample.loss = sample.repeated;
  }
  samples_[next_] = sample;
  next_ = (next_ + 1) % kWindow;
  count_ = std::min(count_ + 1, kWindow);
  // A slow source is not remembered for longer, but for a few frames at least.
  while (count_ > kShortWindow / 4 && frame.complete - back(count_ - 1).complete > kMemory) --count_;
  update_floor();
  demand_ = std::max({short_term_demand(), long_term_demand(), repetition_demand(), stall_demand(frame.complete)});
}

// The time that a large frame took to come, beyond what a usual one does; what is left of it when the next ones come is
// theirs. A frame that was waited for because of a loss tells nothing about its size.
Duration VideoJitter::explained_by_size(const Frame& frame, Duration interval) {
  const Duration spread = frame.complete - frame.first_packet;
  backlog_ = std::max(backlog_ - std::max(interval, Duration::zero()), Duration::zero());
  if (frame.repeated) return Duration::zero();
  const bool known = usual_size_ > 0;
  if (frame.key_frame || (known && static_cast<double>(frame.size) > kLarge * usual_size_)) {
    usual_size_ += usual_size_ / kFollow;  // large frames may have become the rule
    return backlog_ += std::max(spread - usual_spread_, Duration::zero());
  }
  usual_size_ += (static_cast<double>(frame.size) - usual_size_) / (known ? kFollow : 1);
  usual_spread_ += (spread - usual_spread_) / (known ? kFollow : 1);
  if (backlog_ > Duration::zero()) backlog_ += std::min(spread, usual_spread_);
  return backlog_;
}

// Frames that come faster than they were taken, right after a stall, are part of it.
void VideoJitter::note_stall(Sample& sample, Duration interval) {
  const Duration lateness = sample.offset - floor_;
  const Duration later = sample.complete - last().complete;
  sample.stalled = in_stall_ && !sample.repeated && later >= Duration::zero() && later < interval / 2;
  if (sample.stalled) return;
  if (lateness < kStall) {
    in_stall_ = false;
    return;
  }
  if (!in_stall_) {
    // The worst ones are kept.
    const auto less = [&](const Stall& a, const Stall& b) {
      return present(a, sample.complete) < present(b, sample.complete);
    };
    newest_stall_ = static_cast<std::size_t>(std::min_element(stalls_.begin(), stalls_.end(), less) - stalls_.begin());
    stalls_[newest_stall_] = {sample.complete, lateness};
  }
  Stall& newest = stalls_[newest_stall_];
  newest.lateness = std::max(newest.lateness, lateness);
  in_stall_ = true;
}

void VideoJitter::update_floor() {
  floor_ = last().offset;
  for (std::size_t i = 0; i < count_; ++i) floor_ = std::min(floor_, back(i).offset);
}

Duration VideoJitter::long_term_demand() const {
  std::array<Duration, kWindow> offsets;
  std::size_t n = 0;
  for (std::size_t i = 0; i < count_; ++i) {
    if (!back(i).repeated && !back(i).stalled) offsets[n++] = back(i).offset;
  }
  return n < kEnough ? Duration::zero() : kth_largest(offsets, n, n / kLateOneIn) - floor_;
}

Duration VideoJitter::short_term_demand() const {
  std::array<Duration, kWindow> offsets;
  std::size_t n = 0;
  for (std::size_t i = 0; i < count_ && n < kShortWindow; ++i) {
    if (!back(i).repeated && !back(i).stalled) offsets[n++] = back(i).adjusted;
  }
  if (n == 0) return Duration::zero();
  return std::max(kth_largest(offsets, n, n * kLateOfShortWindow / kShortWindow) - floor_, Duration::zero());
}

Duration VideoJitter::repetition_demand() const {
  std::array<Duration, kWindow> offsets;
  std::size_t n = 0;
  for (std::size_t i = 0; i < count_; ++i) {
    if (back(i).loss) offsets[n++] = back(i).offset;
  }
  const std::size_t share = n * 1000 / std::max(count_, kEnough);
  if (share <= kRareRepetition) return Duration::zero();
  // Four of five: the others had to be asked for twice, or were the last of their frame.
  const Duration all = kth_largest(offsets, n, n / 5) - floor_;
  const std::size_t part = std::min(share, kSteadyRepetition) - kRareRepetition;
  return all * static_cast<std::int64_t>(part) / static_cast<std::int64_t>(kSteadyRepetition - kRareRepetition);
}

Duration VideoJitter::stall_demand(Timestamp now) const {
  std::array<Duration, kWindow> latenesses;
  std::size_t n = 0;
  for (const Stall& stall : stalls_) {
    if (present(stall, now) > Duration::zero()) latenesses[n++] = stall.lateness;
  }
  return n <= kStallsToBear ? Duration::zero() : kth_largest(latenesses, n, kStallsToBear) - kStall;
}

}  // namespace tidewire::media
