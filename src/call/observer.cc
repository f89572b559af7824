#include "call/observer.h"

#include <algorithm>

#include "devices/test_picture.h"
#include "devices/tone.h"

namespace tidewire::call {
namespace {

constexpr std::size_t kListenSamples = 48'000 / 5;

}  // namespace

void Observer::see(const VideoFrame& frame, Timestamp now) {
  const bool is_test_picture = devices::is_test_picture(*frame.buffer);
  const auto counter = is_test_picture ? devices::read_frame_counter(*frame.buffer) : std::nullopt;
  const std::lock_guard lock(mutex_);
  if (seen_.first_video) {
    seen_.longest_video_gap = std::max(seen_.longest_video_gap, now - last_video_);
  } else {
    seen_.first_video = now;
  }
  last_video_ = now;
  ++seen_.video_frames;
  seen_.width = frame.width();
  seen_.height = frame.height();
  if (!counter) return;
  ++seen_.test_pictures;
  seen_.frame_counter = counter;
}

void Observer::hear(const AudioFrame& frame, Timestamp now) {
  const std::lock_guard lock(mutex_);
  if (seen_.first_audio) {
    seen_.longest_audio_gap = std::max(seen_.longest_audio_gap, now - last_audio_);
  } else {
    seen_.first_audio = now;
  }
  last_audio_ = now;
  ++seen_.audio_frames;
  const auto step = static_cast<std::size_t>(frame.channels);
  for (std::size_t i = 0; i < frame.samples.size(); i += step) recent_.push_back(frame.samples[i]);
  if (recent_.size() > kListenSamples) {
    recent_.erase(recent_.begin(), recent_.end() - static_cast<std::ptrdiff_t>(kListenSamples));
  }
}

Observations Observer::observations() const {
  const std::lock_guard lock(mutex_);
  Observations result = seen_;
  result.tone_frequency = devices::dominant_frequency(recent_);
  return result;
}

}  // namespace tidewire::call
