// Frames that say which one they are and when they were made, in a form that any damage shows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "tidewire/encoded_frame.h"

namespace tidewire::scenario {

inline constexpr Duration kVideoPeriod = std::chrono::milliseconds{33};
inline constexpr Duration kAudioPeriod = std::chrono::milliseconds{20};

// What a fake camera and microphone make, and by which clock.
struct FakeMedia {
  // How much faster than time their clock runs: 500e-6 is 500 ppm.
  double clock_skew = 0;
  // They have nothing to give, while their clock goes on.
  bool paused = false;
  int width = 640;
  int height = 480;
  // RTP timestamps of the first frames.
  std::uint32_t first_video_timestamp = 0;
  std::uint32_t first_audio_timestamp = 0;
  // One spatial layer; pictures of upper temporal layers have half the size.
  ScalabilityMode layers{};

  Duration period(MediaKind kind) const;
};

EncodedFrame fake_video_frame(const FakeMedia& media, std::uint32_t number, std::size_t size, bool key_frame,
                              Timestamp now);
EncodedFrame fake_audio_frame(const FakeMedia& media, std::uint32_t number, Timestamp now);
// As the `position`th picture since the key frame, in the pattern of W3C's L1T2 and L1T3.
void put_in_layer(EncodedFrame& frame, const FakeMedia& media, std::uint32_t position);

// Whether it arrived as one of the above was made.
bool is_intact(const EncodedFrame& frame);
// When it was made; of an intact frame only.
std::optional<Timestamp> captured(const EncodedFrame& frame);

}  // namespace tidewire::scenario
