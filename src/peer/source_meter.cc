#include "peer/source_meter.h"

#include <algorithm>

#include "codecs/audio_level.h"

namespace tidewire::peer {

void SourceMeter::restart() {
  const std::lock_guard lock(mutex_);
  totals_ = {};
}

void SourceMeter::note(const VideoFrame& frame, Timestamp now) {
  const std::lock_guard lock(mutex_);
  totals_.width = frame.width();
  totals_.height = frame.height();
  frame_times_[totals_.frames % kMaxFramesPerSecond] = now;
  ++totals_.frames;
}

void SourceMeter::note(const AudioFrame& frame) {
  if (frame.samples.empty()) return;
  const double level = codecs::audio_level(frame);
  const std::chrono::duration<double> duration = frame.duration();
  const std::lock_guard lock(mutex_);
  totals_.audio_level = level;
  totals_.total_audio_energy += level * level * duration.count();
  totals_.total_samples_duration += duration;
}

void SourceMeter::fill(MediaSourceStats& stats, Timestamp now) const {
  const std::lock_guard lock(mutex_);
  stats.audio_level = totals_.audio_level;
  stats.total_audio_energy = totals_.total_audio_energy;
  stats.total_samples_duration = totals_.total_samples_duration;
  stats.width = totals_.width;
  stats.height = totals_.height;
  stats.frames = totals_.frames;
  const auto kept = static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(totals_.frames, kMaxFramesPerSecond));
  stats.frames_per_second =
      static_cast<double>(std::count_if(frame_times_.begin(), frame_times_.begin() + kept,
                                        [now](Timestamp at) { return at > now - std::chrono::seconds{1}; }));
}

}  // namespace tidewire::peer
