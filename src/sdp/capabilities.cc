#include "sdp/capabilities.h"

#include <optional>

namespace tidewire::sdp {
namespace {

// A parameter that both sides must have alike, with its value when it is not given.
bool same_parameter(const CodecCapability& ours, const Codec& theirs, std::string_view name,
                    std::string_view fallback) {
  return same_token(fmtp_parameter(ours.fmtp, name).value_or(fallback),
                    fmtp_parameter(theirs.fmtp, name).value_or(fallback));
}

// RFC 6184 §8.1: profile-level-id is profile_idc, profile-iop and level_idc in six hexadecimal digits. Levels may
// differ, profiles not.
bool same_h264_profile(const CodecCapability& ours, const Codec& theirs) {
  constexpr std::string_view kBaselineLevel1 = "42000a";
  const std::string_view a = fmtp_parameter(ours.fmtp, "profile-level-id").value_or(kBaselineLevel1);
  const std::string_view b = fmtp_parameter(theirs.fmtp, "profile-level-id").value_or(kBaselineLevel1);
  return same_token(a.substr(0, 4), b.substr(0, 4));
}

}  // namespace

bool matches(const CodecCapability& ours, const Codec& theirs) {
  if (!same_token(ours.name, theirs.name) || ours.clock_rate != theirs.clock_rate || ours.channels != theirs.channels) {
    return false;
  }
  if (same_token(ours.name, "H264")) {
    return same_h264_profile(ours, theirs) && same_parameter(ours, theirs, "packetization-mode", "0");
  }
  if (same_token(ours.name, "VP9")) return same_parameter(ours, theirs, "profile-id", "0");
  return true;
}

Capabilities default_capabilities() {
  using enum MediaKind;
  Capabilities capabilities;
  // RFC 7587 §7: opus is always 48000/2 in SDP, whatever it carries.
  capabilities.codecs.push_back({.kind = kAudio,
                                 .name = "opus",
                                 .clock_rate = 48000,
                                 .channels = 2,
                                 .payload_type = 111,
                                 .fmtp = "minptime=10;useinbandfec=1",
                                 .feedback = {{"transport-cc", ""}}});
  capabilities.codecs.push_back({.kind = kVideo,
                                 .name = "VP8",
                                 .clock_rate = 90000,
                                 .payload_type = 96,
                                 .feedback = {{"transport-cc", ""}, {"ccm", "fir"}, {"nack", ""}, {"nack", "pli"}}});
  // The numbers that Chromium uses.
  capabilities.header_extensions = {
      {.kind = kAudio, .uri = std::string(kAudioLevelUri), .id = 1},
      {.kind = kAudio, .uri = std::string(kAbsSendTimeUri), .id = 2},
      {.kind = kAudio, .uri = std::string(kTransportWideCcUri), .id = 3},
      {.kind = kAudio, .uri = std::string(kMidUri), .id = 4},
      {.kind = kVideo, .uri = std::string(kAbsSendTimeUri), .id = 2},
      {.kind = kVideo, .uri = std::string(kTransportWideCcUri), .id = 3},
      {.kind = kVideo, .uri = std::string(kMidUri), .id = 4},
  };
  return capabilities;
}

}  // namespace tidewire::sdp
