// Which size of picture a bitrate is enough for, as a table that applications may change.
#pragma once

#include <cstdint>
#include <vector>

#include "tidewire/result.h"
#include "tidewire/send_encoding.h"

namespace tidewire {

struct VideoLadderStep {
  Resolution size;            // of a lying picture
  std::uint32_t bitrate = 0;  // from here on, bits per second at 30 pictures a second, for VP8 and H.264

  friend bool operator==(const VideoLadderStep&, const VideoLadderStep&) = default;
};

// From 1080p at 1.7 Mbit/s down to 180p: for people before a camera.
std::vector<VideoLadderStep> default_video_ladder();

// 1 to 16 steps, from the largest to the smallest: each with a smaller size and a lower bitrate than the one before,
// none below 16 pixels a side. Errors (kRange) name the step.
Result<> check_video_ladder(const std::vector<VideoLadderStep>& ladder);

}  // namespace tidewire
