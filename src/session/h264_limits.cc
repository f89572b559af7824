#include "session/h264_limits.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <string_view>

#include "sdp/h264_profile.h"

namespace tidewire::session {
namespace {

struct Level {
  int rank;  // H264ProfileLevel::level_rank
  H264Limits limits;
};

// ITU-T H.264 table A-1.
constexpr std::array kLevels = {
    Level{20, {99, 1'485}},           Level{21, {99, 1'485}},
    Level{22, {396, 3'000}},          Level{24, {396, 6'000}},
    Level{26, {396, 11'880}},         Level{40, {396, 11'880}},
    Level{42, {792, 19'800}},         Level{44, {1'620, 20'250}},
    Level{60, {1'620, 40'500}},       Level{62, {3'600, 108'000}},
    Level{64, {5'120, 216'000}},      Level{80, {8'192, 245'760}},
    Level{82, {8'192, 245'760}},      Level{84, {8'704, 522'240}},
    Level{100, {22'080, 589'824}},    Level{102, {36'864, 983'040}},
    Level{104, {36'864, 2'073'600}},  Level{120, {139'264, 4'177'920}},
    Level{122, {139'264, 8'355'840}}, Level{124, {139'264, 16'711'680}},
};

bool asymmetric(std::string_view fmtp) { return sdp::fmtp_parameter(fmtp, "level-asymmetry-allowed") == "1"; }

std::uint32_t number(std::string_view fmtp, std::string_view name) {
  const std::string_view text = sdp::fmtp_parameter(fmtp, name).value_or("");
  std::uint32_t value = 0;
  (void)std::from_chars(text.data(), text.data() + text.size(), value);  // 0: not given
  return value;
}

}  // namespace

H264Limits h264_send_limits(const sdp::NegotiatedCodec& codec) {
  // What is not understood cannot have been negotiated; level 1, which each decoder has.
  constexpr int kLowest = 20;
  const auto rank = [](std::string_view fmtp) {
    const auto its = sdp::h264_profile_level(fmtp);
    return its ? its->level_rank : kLowest;
  };
  // RFC 6184 §8.2.2: the level is that of what the peer receives when both ends let the directions differ, else it is
  // the same for both.
  int level = rank(codec.send_fmtp);
  if (!asymmetric(codec.send_fmtp) || !asymmetric(codec.receive_fmtp))
    level = std::min(level, rank(codec.receive_fmtp));
  const auto above = std::ranges::upper_bound(kLevels, std::max(level, kLowest), {}, &Level::rank);
  H264Limits limits = std::prev(above)->limits;
  // RFC 6184 §8.1: a decoder that can do more in one respect says so.
  limits.macroblocks = std::max(limits.macroblocks, number(codec.send_fmtp, "max-fs"));
  limits.macroblocks_per_second = std::max(limits.macroblocks_per_second, number(codec.send_fmtp, "max-mbps"));
  return limits;
}

}  // namespace tidewire::session
