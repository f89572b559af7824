// All that is called here sends VP8.
#pragma once

#include <vector>

#include "tidewire/peer_connection.h"

namespace tidewire::bench {

inline void prefer_vp8(PeerConnection& connection) {
  std::vector<RtpCodec> codecs = rtp_capabilities(MediaKind::kVideo).codecs;
  std::erase_if(codecs, [](const RtpCodec& codec) { return codec.mime_type != "video/VP8"; });
  for (const auto& transceiver : connection.transceivers()) transceiver->set_codec_preferences(codecs).value();
}

// The path is believed to carry all of it from the start, as libwebrtc is told by x-google-start-bitrate.
inline Configuration loopback_configuration(int bitrate) {
  const auto rate = static_cast<std::uint32_t>(bitrate);
  return {.include_loopback = true, .video_bitrate = rate, .start_bitrate = rate + rate / 4};
}

}  // namespace tidewire::bench
