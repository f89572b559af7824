#include "media/video_playout.h"

#include <algorithm>

namespace tidewire::media {

namespace {

// While the delay rises, time passes at two thirds of its speed; while it falls, at 105 %, which nobody sees.
constexpr int kRise = 2;
// Sound is stretched by a quarter at most. Meanwhile frames that are late are seen late.
constexpr int kRiseWithSound = 4;
constexpr int kFall = 20;
// The first frames tell what the path is like; the first one is often a key frame, and late by its size.
constexpr int kSettling = 30;
constexpr int kFallAtFirst = 4;
// A pause in the media time is no time to change the delay in.
constexpr Duration kMaxInterval = std::chrono::milliseconds{500};

}  // namespace

void VideoPlayout::set_minimum(Duration delay) { minimum_ = std::clamp<Duration>(delay, Duration::zero(), kMaxDelay); }

void VideoPlayout::set_sender_bounds(Duration minimum, Duration maximum) {
  sender_minimum_ = std::clamp<Duration>(minimum, Duration::zero(), kMaxDelay);
  sender_maximum_ = std::clamp<Duration>(maximum, sender_minimum_, kMaxDelay);
}

void VideoPlayout::set_sync_delay(Duration delay, bool with_sound) {
  with_sound_ = with_sound;
  sync_delay_ = std::clamp<Duration>(delay, Duration::zero(), kMaxDelay);
}

Duration VideoPlayout::target_delay() const {
  const Duration wanted = std::clamp(minimum_delay(), sender_minimum_, sender_maximum_);
  return std::max({wanted, minimum_, sync_delay_});
}

void VideoPlayout::reset() {
  timestamps_.reset();
  jitter_.reset();
  last_media_time_.reset();
  frames_ = 0;
  offset_ = Duration::zero();
}

Duration VideoPlayout::media_time(std::uint32_t rtp_timestamp) {
  const std::int64_t ticks = timestamps_.unwrap(rtp_timestamp);
  return Duration{ticks / clock_rate_ * 1'000'000'000 + ticks % clock_rate_ * 1'000'000'000 / clock_rate_};
}

bool VideoPlayout::is_new_timeline(const Frame& frame, Duration media_time) const {
  if (jitter_.empty()) return true;
  const Duration lateness = frame.complete.time_since_epoch() - media_time - jitter_.floor();
  return lateness > kMaxLateness || lateness < -kMaxEarliness;
}

Timestamp VideoPlayout::handle_frame(const Frame& frame) {
  const Duration time = media_time(frame.rtp_timestamp);
  const bool fresh = is_new_timeline(frame, time);
  if (fresh) {
    jitter_.reset();
    last_media_time_.reset();
    frames_ = 0;
  }
  jitter_.handle_frame({time, frame.first_packet, frame.complete, frame.size, frame.key_frame, frame.repeated});
  if (fresh) {
    // At once, if nothing else is asked for: there is no jitter so far.
    offset_ = jitter_.last_adjusted() + target_delay();
  } else {
    approach_target(time - *last_media_time_);
  }
  frames_ = std::min(frames_ + 1, kSettling);
  last_media_time_ = time;
  return std::max(Timestamp{time + offset_}, frame.complete);
}

void VideoPlayout::approach_target(Duration interval) {
  interval = std::clamp<Duration>(interval, Duration::zero(), kMaxInterval);
  const Duration target = jitter_.floor() + target_delay();
  if (target > offset_ && with_sound_) {
    offset_ = std::min(target, offset_ + interval / kRiseWithSound);
  } else if (target > offset_) {
    // A frame that is late is a step already; what follows it goes on from there.
    offset_ = std::min(target, std::max(offset_ + interval / kRise, jitter_.last_offset()));
  } else {
    offset_ = std::max(target, offset_ - interval / (frames_ < kSettling ? kFallAtFirst : kFall));
  }
}

}  // namespace tidewire::media
