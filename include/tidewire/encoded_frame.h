// One compressed picture, or one compressed run of sound: what an encoder makes, RTP carries and a decoder takes.
#pragma once

#include <cstdint>
#include <string_view>

#include "tidewire/bytes.h"
#include "tidewire/time.h"

namespace tidewire {

enum class MediaKind { kAudio, kVideo };
enum class CodecType { kOpus, kVp8 };

constexpr std::string_view to_string(MediaKind kind) { return kind == MediaKind::kAudio ? "audio" : "video"; }
// The encoding name of the RTP payload format registration, as SDP's a=rtpmap writes it.
constexpr std::string_view to_string(CodecType codec) { return codec == CodecType::kOpus ? "opus" : "VP8"; }

struct EncodedFrame {
  CodecType codec = CodecType::kVp8;
  Bytes payload;
  // In the codec's RTP clock: 90 kHz for video, 48 kHz for Opus.
  std::uint32_t rtp_timestamp = 0;
  // A picture that needs no other to be decoded. Always true for audio.
  bool key_frame = false;
  // Pixels; zero when not known (delta frames) and for audio.
  int width = 0;
  int height = 0;
  // When the raw media was captured (sending), or when this frame is due at the decoder (receiving).
  Timestamp timestamp{};
};

}  // namespace tidewire
