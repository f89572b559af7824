#include "playout_log.h"

#include <algorithm>

namespace tidewire::scenario {

void PlayoutLog::add_video(Timestamp captured, Timestamp due) {
  const Duration delay = due - captured;
  longest_video_delay_ = std::max(longest_video_delay_, delay);
  if (newest_video_) longest_video_gap_ = std::max(longest_video_gap_, due - *newest_video_);
  newest_video_ = due;
  if (audio_delay_) skews_.push_back(std::max(delay - *audio_delay_, *audio_delay_ - delay));
}

void PlayoutLog::add_audio(Timestamp captured, Timestamp due) {
  audio_delay_ = due - captured;
  longest_audio_delay_ = std::max(longest_audio_delay_, *audio_delay_);
}

std::optional<Duration> PlayoutLog::skew_p95() const {
  if (skews_.empty()) return std::nullopt;
  std::vector<Duration> sorted = skews_;
  std::ranges::sort(sorted);
  return sorted[(sorted.size() - 1) * 95 / 100];
}

}  // namespace tidewire::scenario
