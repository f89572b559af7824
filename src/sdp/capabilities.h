// What this side can send and receive: codecs and header extensions, handed in by the layers above.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sdp/codec.h"
#include "tidewire/encoded_frame.h"
#include "tidewire/rtp_types.h"

namespace tidewire::sdp {

struct CodecCapability {
  MediaKind kind = MediaKind::kAudio;
  std::string name;  // "opus", "VP8"
  std::uint32_t clock_rate = 0;
  std::uint8_t channels = 1;
  // Offered under this number unless the session already uses it, or another one for this codec.
  std::uint8_t payload_type = 96;
  std::string fmtp;
  std::vector<RtcpFeedback> feedback;
  // False: not in an offer unless it is preferred, or was agreed on before. It is accepted when it is offered.
  bool offered = true;

  friend bool operator==(const CodecCapability&, const CodecCapability&) = default;
};

struct HeaderExtensionCapability {
  MediaKind kind = MediaKind::kAudio;
  std::string uri;
  // Offered under this id, 1 to 14, unless the session already uses it, or another one for this URI.
  std::uint8_t id = 1;
  RtpTransceiverDirection direction = RtpTransceiverDirection::kSendrecv;

  friend bool operator==(const HeaderExtensionCapability&, const HeaderExtensionCapability&) = default;
};

// In order of preference.
struct Capabilities {
  std::vector<CodecCapability> codecs;
  std::vector<HeaderExtensionCapability> header_extensions;
};

// Header extensions by the URI that names them.
inline constexpr std::string_view kAudioLevelUri = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";
inline constexpr std::string_view kMidUri = "urn:ietf:params:rtp-hdrext:sdes:mid";
inline constexpr std::string_view kRtpStreamIdUri = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id";
inline constexpr std::string_view kRepairedRtpStreamIdUri = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id";
inline constexpr std::string_view kVideoOrientationUri = "urn:3gpp:video-orientation";
inline constexpr std::string_view kPlayoutDelayUri = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay";
inline constexpr std::string_view kAbsoluteCaptureTimeUri =
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time";
inline constexpr std::string_view kDependencyDescriptorUri =
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension";
inline constexpr std::string_view kAbsSendTimeUri = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time";
inline constexpr std::string_view kTransmissionOffsetUri = "urn:ietf:params:rtp-hdrext:toffset";
inline constexpr std::string_view kTransportWideCcUri =
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";

// Opus with in-band FEC, its redundant form, PCMU and PCMA; VP8, VP9, H.264 (constrained baseline in both packetization
// modes) and AV1 with NACK, PLI and FIR, under the numbers that Chromium uses; FlexFEC; congestion control
// feedback for all, transport-wide and by streams (RFC 8888); header extensions for audio level, mid, RTP stream id,
// orientation, playout delay, capture time, dependency descriptors, abs-send-time and transport-wide sequence numbers.
Capabilities default_capabilities();

// Whether an offered codec and ours are the same thing under two numbers: name, clock rate and channels, and for
// some codecs a parameter (H.264 profile and packetization-mode, VP9 profile-id, AV1 profile).
bool matches(const CodecCapability& ours, const Codec& theirs);

// False for formats that carry copies of others, or repair them: red (RFC 2198), rtx (RFC 4588), flexfec (RFC 8627).
bool carries_frames(std::string_view name);

}  // namespace tidewire::sdp
