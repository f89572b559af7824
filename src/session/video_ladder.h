// What size of picture a bitrate is enough for.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "tidewire/send_encoding.h"
#include "tidewire/time.h"

namespace tidewire::session {

// Which step of the ladder an encoding stands on. It goes down at once and up after a while: people see a change of
// size, and more so one that is taken back.
class VideoLadder {
 public:
  struct Step {
    Resolution size;
    std::uint64_t bitrate;  // from here on, bits per second at 30 pictures a second
  };
  // For VP8 and H.264, with people before a camera; at the ends of a founding call: 2.5 Mbit/s carry 1080p, 800 kbit/s
  // 480p.
  static constexpr std::array<Step, 6> kSteps{{{{1920, 1080}, 1'700'000},
                                               {{1280, 720}, 1'100'000},
                                               {{854, 480}, 480'000},
                                               {{640, 360}, 260'000},
                                               {{426, 240}, 140'000},
                                               {{320, 180}, 0}}};
  // A step is left when the rate is below this part of what it takes …
  static constexpr double kLeaveBelow = 0.9;
  // … and reached from below when the rate has been this much above it for so long.
  static constexpr double kReachAbove = 1.1;
  static constexpr Duration kReachAfter = std::chrono::milliseconds{1500};

  // The size for `bitrate` bits per second at `now`. `efficiency`: how much less the codec needs than VP8; 1 and up.
  Resolution size(std::uint64_t bitrate, double efficiency, Timestamp now);

  // For pictures that keep their size, which is taken as 720p: pictures a second, a multiple of 5 up to 30.
  static double framerate(std::uint64_t bitrate, double efficiency);

 private:
  std::optional<std::size_t> step_;
  std::optional<Timestamp> higher_since_;
};

}  // namespace tidewire::session
