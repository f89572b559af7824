// Looks at what arrives: counts frames, reads the test picture's counter, and listens for a tone.
//
// Fed on decoder threads, read on the loop.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "tidewire/audio_frame.h"
#include "tidewire/time.h"
#include "tidewire/video_frame.h"

namespace tidewire::call {

struct Observations {
  std::uint64_t video_frames = 0;
  std::uint64_t test_pictures = 0;  // frames that were the test picture, with a counter that could be read
  std::optional<std::uint32_t> frame_counter;
  int width = 0;
  int height = 0;
  std::uint64_t audio_frames = 0;
  double tone_frequency = 0;  // Hz, the loudest in the last 200 ms; 0 for silence
  // The longest time between two pictures, and between two pieces of sound.
  Duration longest_video_gap{};
  Duration longest_audio_gap{};
  std::optional<Timestamp> first_video;
  std::optional<Timestamp> first_audio;
};

class Observer {
 public:
  void see(const VideoFrame& frame, Timestamp now);
  void hear(const AudioFrame& frame, Timestamp now);
  Observations observations() const;

 private:
  mutable std::mutex mutex_;
  Observations seen_;
  Timestamp last_video_{};
  Timestamp last_audio_{};
  std::vector<std::int16_t> recent_;  // mono, 200 ms at most
};

}  // namespace tidewire::call
