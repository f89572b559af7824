#include "sdp/h264_profile.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "sdp/codec.h"
#include "sdp/text.h"

namespace tidewire::sdp {
namespace {

constexpr std::string_view kBaselineLevel1 = "42000a";
constexpr std::uint32_t kConstraintSet3 = 0x10;

std::string_view profile_level_id(std::string_view fmtp) {
  return fmtp_parameter(fmtp, "profile-level-id").value_or(kBaselineLevel1);
}

std::optional<std::uint32_t> six_hex_digits(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  if (text.size() != 6) return std::nullopt;
  std::uint32_t value = 0;
  for (const char c : text) {
    const std::size_t digit = kDigits.find(c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c);
    if (digit == std::string_view::npos) return std::nullopt;
    value = value << 4 | static_cast<std::uint32_t>(digit);
  }
  return value;
}

// RFC 6184 §8.1, table 5; constrained high is newer (ITU-T H.264 §A.2.4.2).
struct Pattern {
  std::uint32_t profile_idc;
  std::uint32_t mask;  // of profile-iop: the bits that decide
  std::uint32_t value;
  H264Profile profile;
};
constexpr std::array kPatterns = {
    Pattern{0x42, 0x4f, 0x40, H264Profile::kConstrainedBaseline},
    Pattern{0x4d, 0x8f, 0x80, H264Profile::kConstrainedBaseline},
    Pattern{0x58, 0xcf, 0xc0, H264Profile::kConstrainedBaseline},
    Pattern{0x42, 0x4f, 0x00, H264Profile::kBaseline},
    Pattern{0x58, 0xcf, 0x80, H264Profile::kBaseline},
    Pattern{0x58, 0xcf, 0x00, H264Profile::kExtended},
    Pattern{0x4d, 0xaf, 0x00, H264Profile::kMain},
    Pattern{0x64, 0xff, 0x00, H264Profile::kHigh},
    Pattern{0x64, 0xff, 0x0c, H264Profile::kConstrainedHigh},
};

bool asymmetry_allowed(std::string_view fmtp) { return fmtp_parameter(fmtp, "level-asymmetry-allowed") == "1"; }

}  // namespace

std::optional<H264ProfileLevel> h264_profile_level(std::string_view fmtp) {
  const auto id = six_hex_digits(profile_level_id(fmtp));
  if (!id) return std::nullopt;
  const std::uint32_t profile_idc = *id >> 16;
  const std::uint32_t iop = *id >> 8 & 0xff;
  const auto level = static_cast<int>(*id & 0xff);
  const auto known = std::find_if(kPatterns.begin(), kPatterns.end(), [&](const Pattern& pattern) {
    return pattern.profile_idc == profile_idc && (iop & pattern.mask) == pattern.value;
  });
  if (known == kPatterns.end()) return std::nullopt;
  // ITU-T H.264 §7.4.2.1.1: how level 1b is written, outside the high profiles and in them.
  const bool level_1b = profile_idc == 0x64 ? level == 9 : level == 11 && (iop & kConstraintSet3) != 0;
  return H264ProfileLevel{known->profile, level_1b ? 21 : 2 * level};
}

std::string h264_answer(std::string_view offered_fmtp, std::string_view our_fmtp) {
  const auto theirs = h264_profile_level(offered_fmtp);
  const auto ours = h264_profile_level(our_fmtp);
  const auto our_id = six_hex_digits(profile_level_id(our_fmtp));
  if (!theirs || !ours || !our_id) return std::string(our_fmtp);
  const bool asymmetric = asymmetry_allowed(offered_fmtp) && asymmetry_allowed(our_fmtp);
  std::string id(profile_level_id(offered_fmtp));
  if (asymmetric || ours->level_rank < theirs->level_rank) {
    // constraint_set3_flag, for level 1b, belongs to the level.
    constexpr std::string_view kDigits = "0123456789abcdef";
    const std::uint32_t iop = six_hex_digits(id).value_or(0) >> 8 & 0xff & ~kConstraintSet3;
    const std::uint32_t tail = (iop | (*our_id >> 8 & kConstraintSet3)) << 8 | (*our_id & 0xff);
    for (std::size_t i = 0; i < 4; ++i) id[2 + i] = kDigits[tail >> 4 * (3 - i) & 0x0f];
  }
  std::string answer;
  while (!our_fmtp.empty()) {
    const std::string_view parameter = take_until(our_fmtp, ';');
    const std::string_view name = parameter.substr(0, parameter.find('='));
    if (same_token(name, "level-asymmetry-allowed") && !asymmetric) continue;
    if (!answer.empty()) answer += ';';
    answer += same_token(name, "profile-level-id") ? "profile-level-id=" + id : std::string(parameter);
  }
  return answer;
}

int h264_packetization_mode(std::string_view fmtp) {
  return to_number<std::uint8_t>(fmtp_parameter(fmtp, "packetization-mode").value_or("0")).value_or(0);
}

}  // namespace tidewire::sdp
