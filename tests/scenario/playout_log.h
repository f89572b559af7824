// How long media took from when it was made to when it is due at the decoder, and how far sound and picture were apart.
#pragma once

#include <optional>
#include <vector>

#include "tidewire/time.h"

namespace tidewire::scenario {

class PlayoutLog {
 public:
  void add_video(Timestamp captured, Timestamp due);
  void add_audio(Timestamp captured, Timestamp due);
  // Forgets what was, and begins anew.
  void restart() { *this = {}; }

  // How far apart they were, whichever came first, in 95 of 100 pictures; nothing when nothing was compared.
  std::optional<Duration> skew_p95() const;
  Duration longest_video_delay() const { return longest_video_delay_; }
  Duration longest_audio_delay() const { return longest_audio_delay_; }
  // Between two pictures.
  Duration longest_video_gap() const { return longest_video_gap_; }

 private:
  std::optional<Duration> audio_delay_;  // of the newest sound
  std::optional<Timestamp> newest_video_;
  std::vector<Duration> skews_;
  Duration longest_video_delay_{};
  Duration longest_audio_delay_{};
  Duration longest_video_gap_{};
};

}  // namespace tidewire::scenario
