// What size of picture a bitrate is enough for.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "tidewire/encoded_frame.h"
#include "tidewire/send_encoding.h"
#include "tidewire/time.h"
#include "tidewire/video_ladder.h"

namespace tidewire::session {

// How many bits VP8 needs for the same picture, by each codec's own published comparisons, taken with caution.
double coding_efficiency(CodecType codec);

// Which step of the ladder an encoding stands on. It goes down at once and up after a while: people see a change of
// size, and more so one that is taken back.
class VideoLadder {
 public:
  // A step is left when the rate is below this part of what it takes …
  static constexpr double kLeaveBelow = 0.9;
  // … and reached from below when the rate has been this much above it for so long.
  static constexpr double kReachAbove = 1.1;
  static constexpr Duration kReachAfter = std::chrono::milliseconds{1500};
  // What 720p takes at 30 pictures a second, for what keeps its size.
  static constexpr std::uint64_t kFullMotion = 1'100'000;

  // The size for `bitrate` bits per second at `now`, of `steps` (see check_video_ladder(): there is one).
  // `efficiency`: how much less the codec needs than VP8; 1 and up.
  Resolution size(std::span<const VideoLadderStep> steps, std::uint64_t bitrate, double efficiency, Timestamp now);

  // For pictures that keep their size, which is taken as 720p: pictures a second, a multiple of 5 up to 30.
  static double framerate(std::uint64_t bitrate, double efficiency);

 private:
  std::optional<std::size_t> step_;
  std::optional<Timestamp> higher_since_;
};

}  // namespace tidewire::session
