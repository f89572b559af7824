// H.264's profile-level-id (RFC 6184 §8.1): which profile, up to which level.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tidewire::sdp {

enum class H264Profile { kConstrainedBaseline, kBaseline, kExtended, kMain, kConstrainedHigh, kHigh };

struct H264ProfileLevel {
  H264Profile profile = H264Profile::kBaseline;
  // Orders levels: level_idc doubled, and 21 for level 1b, which is between 1 and 1.1.
  int level_rank = 20;
};

// What the format parameters say; baseline up to level 1 when they do not. Nothing when profile-level-id is malformed
// or of a profile that is not listed above.
std::optional<H264ProfileLevel> h264_profile_level(std::string_view fmtp);

// RFC 6184 §8.2.2: our format parameters in the answer to an offered codec of the same profile. The profile is written
// as it was offered. The level is ours when both allow the two directions to differ, else the lower one.
std::string h264_answer(std::string_view offered_fmtp, std::string_view our_fmtp);

// RFC 6184 §8.1: 0 when it is not given.
int h264_packetization_mode(std::string_view fmtp);

}  // namespace tidewire::sdp
