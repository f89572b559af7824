#include "sdp/capabilities.h"

#include <optional>
#include <utility>

#include "sdp/h264_profile.h"

namespace tidewire::sdp {
namespace {

// A parameter that both sides must have alike, with its value when it is not given.
bool same_parameter(const CodecCapability& ours, const Codec& theirs, std::string_view name,
                    std::string_view fallback) {
  return same_token(fmtp_parameter(ours.fmtp, name).value_or(fallback),
                    fmtp_parameter(theirs.fmtp, name).value_or(fallback));
}

// RFC 6184 §8.2.2: levels may differ, profiles not, however they are written; nor may the way of packetization.
bool same_h264(const CodecCapability& ours, const Codec& theirs) {
  const auto a = h264_profile_level(ours.fmtp);
  const auto b = h264_profile_level(theirs.fmtp);
  return a && b && a->profile == b->profile && same_parameter(ours, theirs, "packetization-mode", "0");
}

CodecCapability audio(std::string name, std::uint32_t clock_rate, std::uint8_t channels, std::uint8_t payload_type,
                      std::string fmtp) {
  return {.kind = MediaKind::kAudio,
          .name = std::move(name),
          .clock_rate = clock_rate,
          .channels = channels,
          .payload_type = payload_type,
          .fmtp = std::move(fmtp),
          .feedback = {{"transport-cc", ""}, {"ack", "ccfb"}}};
}

CodecCapability video(std::string name, std::uint8_t payload_type, std::string fmtp) {
  return {.kind = MediaKind::kVideo,
          .name = std::move(name),
          .clock_rate = 90000,
          .payload_type = payload_type,
          .fmtp = std::move(fmtp),
          .feedback = {{"transport-cc", ""}, {"ack", "ccfb"}, {"ccm", "fir"}, {"nack", ""}, {"nack", "pli"}}};
}

// RFC 8627 §5.1: the window is in microseconds. What browsers know under another name, flexfec-03, is an early draft
// with another header.
CodecCapability flexfec() {
  return {.kind = MediaKind::kVideo,
          .name = "flexfec",
          .clock_rate = 90000,
          .payload_type = 49,
          .fmtp = "repair-window=500000",
          .feedback = {{"transport-cc", ""}, {"ack", "ccfb"}},
          .offered = false};
}

}  // namespace

bool matches(const CodecCapability& ours, const Codec& theirs) {
  if (!same_token(ours.name, theirs.name) || ours.clock_rate != theirs.clock_rate || ours.channels != theirs.channels) {
    return false;
  }
  if (same_token(ours.name, "H264")) return same_h264(ours, theirs);
  if (same_token(ours.name, "VP9")) return same_parameter(ours, theirs, "profile-id", "0");
  // "RTP Payload Format For AV1" §7.2: the level and tier are what a receiver can take, the profile is one for both.
  if (same_token(ours.name, "AV1")) return same_parameter(ours, theirs, "profile", "0");
  return true;
}

bool carries_frames(std::string_view name) {
  return !same_token(name, "red") && !same_token(name, "rtx") && !same_token(name, "flexfec");
}

Capabilities default_capabilities() {
  using enum MediaKind;
  Capabilities capabilities;
  capabilities.codecs = {
      // RFC 7587 §7: opus is always 48000/2 in SDP, whatever it carries.
      audio("opus", 48000, 2, 111, "minptime=10;useinbandfec=1"),
      // RFC 2198: sent when it is preferred to opus, as Chromium has it; the number in fmtp follows that of opus.
      audio("red", 48000, 2, 63, "111/111"),
      // RFC 7874 §3: every endpoint has to know both laws. RFC 3551 §6 fixes their numbers.
      audio("PCMU", 8000, 1, 0, ""),
      audio("PCMA", 8000, 1, 8, ""),
      video("VP8", 96, ""),
      video("VP9", 98, "profile-id=0"),
      // RFC 7742 §6.2: constrained baseline; level 3.1 is 1280x720 at 30 pictures per second.
      video("H264", 106, "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"),
      video("H264", 108, "level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f"),
      // Level 3.1, tier main.
      video("AV1", 45, "level-idx=5;profile=0;tier=0"),
      flexfec(),
  };
  // The numbers that Chromium uses.
  capabilities.header_extensions = {
      {.kind = kAudio, .uri = std::string(kAudioLevelUri), .id = 1},
      {.kind = kAudio, .uri = std::string(kAbsSendTimeUri), .id = 2},
      {.kind = kAudio, .uri = std::string(kTransportWideCcUri), .id = 3},
      {.kind = kAudio, .uri = std::string(kMidUri), .id = 4},
      {.kind = kAudio, .uri = std::string(kAbsoluteCaptureTimeUri), .id = 7},
      {.kind = kVideo, .uri = std::string(kAbsSendTimeUri), .id = 2},
      {.kind = kVideo, .uri = std::string(kTransportWideCcUri), .id = 3},
      {.kind = kVideo, .uri = std::string(kMidUri), .id = 4},
      {.kind = kVideo, .uri = std::string(kVideoOrientationUri), .id = 13},
      {.kind = kVideo, .uri = std::string(kPlayoutDelayUri), .id = 5},
      {.kind = kVideo, .uri = std::string(kAbsoluteCaptureTimeUri), .id = 7},
      {.kind = kVideo, .uri = std::string(kDependencyDescriptorUri), .id = 8},
      {.kind = kVideo, .uri = std::string(kRtpStreamIdUri), .id = 10},
      {.kind = kVideo, .uri = std::string(kRepairedRtpStreamIdUri), .id = 11},
  };
  return capabilities;
}

}  // namespace tidewire::sdp
