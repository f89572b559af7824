// What this library can send and receive. https://www.w3.org/TR/webrtc/#rtcrtpcapabilities
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tidewire/encoded_frame.h"

namespace tidewire {

// RTCRtpCodec: one way to write a medium, as SDP names it.
struct RtpCodec {
  std::string mime_type;  // "audio/opus", "video/VP8"; compared without case
  std::uint32_t clock_rate = 0;
  std::optional<std::uint16_t> channels;  // of audio
  std::string sdp_fmtp_line;              // e.g. "profile-id=0"; empty when there are no parameters

  friend bool operator==(const RtpCodec&, const RtpCodec&) = default;
};

struct RtpHeaderExtensionCapability {
  std::string uri;

  friend bool operator==(const RtpHeaderExtensionCapability&, const RtpHeaderExtensionCapability&) = default;
};

struct RtpCapabilities {
  // In the order in which they are offered. DEVIATES from the W3C's list in that retransmission (rtx) is no entry:
  // each codec of video has it.
  std::vector<RtpCodec> codecs;
  std::vector<RtpHeaderExtensionCapability> header_extensions;
};

// The same for sending and receiving. Opus, PCMU and PCMA; VP8, VP9, H.264 (constrained baseline, in both packetization
// modes) and AV1. Last of video is "video/flexfec", forward error correction (RFC 8627): it is offered when preferences
// have it, and accepted when it is offered.
RtpCapabilities rtp_capabilities(MediaKind kind);

}  // namespace tidewire
