// What getStats tells of a loudspeaker (W3C media-playout), counted from what a mixer gives it.
#pragma once

#include <chrono>

#include "devices/audio_mixer.h"
#include "tidewire/media_stats.h"
#include "tidewire/time.h"

namespace tidewire::devices {

class PlayoutMeter {
 public:
  // A step was pulled and goes to the loudspeaker, where `queued` waits before it.
  void note(const AudioMixer::Step& step, Duration queued) {
    if (!step.sounds) return;
    using Seconds = std::chrono::duration<double>;
    const auto seconds = [](std::size_t samples) { return Seconds(static_cast<double>(samples) / AudioMixer::kRate); };
    stats_.total_samples_count += AudioMixer::kStep;
    stats_.total_samples_duration += seconds(AudioMixer::kStep);
    stats_.total_playout_delay += static_cast<double>(AudioMixer::kStep) * (seconds(step.waited) + Seconds(queued));
    stats_.synthesized_samples_duration += seconds(step.missing);
    if (step.ran_dry) ++stats_.synthesized_samples_events;
  }
  const AudioPlayoutStats& stats() const { return stats_; }

 private:
  AudioPlayoutStats stats_;
};

}  // namespace tidewire::devices
