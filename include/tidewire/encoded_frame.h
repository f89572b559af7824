// One compressed picture, or one compressed run of sound: what an encoder makes, RTP carries and a decoder takes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "tidewire/bytes.h"
#include "tidewire/scalability_mode.h"
#include "tidewire/time.h"

namespace tidewire {

enum class MediaKind { kAudio, kVideo };
enum class CodecType { kOpus, kPcmu, kPcma, kVp8, kVp9, kH264, kAv1 };

constexpr std::string_view to_string(MediaKind kind) { return kind == MediaKind::kAudio ? "audio" : "video"; }
// The encoding name of the RTP payload format registration, as SDP's a=rtpmap writes it.
constexpr std::string_view to_string(CodecType codec) {
  switch (codec) {
    case CodecType::kOpus: return "opus";
    case CodecType::kPcmu: return "PCMU";
    case CodecType::kPcma: return "PCMA";
    case CodecType::kVp8: return "VP8";
    case CodecType::kVp9: return "VP9";
    case CodecType::kH264: return "H264";
    case CodecType::kAv1: return "AV1";
  }
  return "";
}
constexpr MediaKind kind_of(CodecType codec) {
  const bool audio = codec == CodecType::kOpus || codec == CodecType::kPcmu || codec == CodecType::kPcma;
  return audio ? MediaKind::kAudio : MediaKind::kVideo;
}

// Whether the library's encoder of this codec makes such layers.
constexpr bool supports(CodecType codec, ScalabilityMode mode) {
  if (!mode.valid() || kind_of(codec) != MediaKind::kVideo) return false;
  return mode.spatial_layers == 1 || codec == CodecType::kVp9 || codec == CodecType::kAv1;
}

// The frame of one spatial layer in a picture.
struct LayerFrame {
  static constexpr std::size_t kMaxDependencies = 4;

  std::size_t size = 0;  // bytes of the picture's payload; those of the layers follow one another
  int width = 0;         // pixels; zero when not known
  int height = 0;
  // The frames that it is predicted from: how many frames lie between, counting each spatial layer's frame by itself,
  // in coding order; 1 is the frame right before.
  std::array<std::uint16_t, kMaxDependencies> distances{};
  std::size_t distance_count = 0;

  std::span<const std::uint16_t> dependencies() const { return std::span(distances).first(distance_count); }
};

// What a layered stream tells about one of its pictures. A picture is one EncodedFrame, with the frames of all its
// spatial layers, lowest first: that is what decoders take, what shares an RTP timestamp, and what is skipped or sent
// as a whole.
struct PictureLayers {
  ScalabilityMode mode;
  std::uint8_t temporal_layer = 0;
  // Above the lowest temporal layer: no picture is needed for it but the last one of the lowest, so that a receiver can
  // begin with this layer here.
  bool sync = false;
  std::array<LayerFrame, ScalabilityMode::kMaxSpatialLayers> frames{};
  std::size_t count = 0;  // of frames; zero when nothing is known about layers, as in received frames

  std::span<const LayerFrame> spatial() const { return std::span(frames).first(count); }
};

// What `payload` holds is what the codec's own libraries take: an Opus packet, samples of G.711, a VP8 frame, a VP9
// superframe, an H.264 access unit with start codes (Annex B), an AV1 temporal unit of OBUs with sizes.
struct EncodedFrame {
  CodecType codec = CodecType::kVp8;
  Bytes payload;
  // In the codec's RTP clock: 90 kHz for video, 48 kHz for Opus, 8 kHz for G.711.
  std::uint32_t rtp_timestamp = 0;
  // A picture that needs no other to be decoded. Always true for audio.
  bool key_frame = false;
  // Pixels; zero when not known (delta frames) and for audio.
  int width = 0;
  int height = 0;
  // When the raw media was captured (sending), or when this frame is due at the decoder (receiving).
  Timestamp timestamp{};
  // Received pictures: the next one is due already, as after a loss that held both up. This one is to be decoded, for
  // others build on it, but not to be shown: it would be late, and seen for no time.
  bool missed_deadline = false;
  // Pictures: what the viewer has to turn it by, clockwise, to see it upright: 0, 90, 180 or 270.
  int rotation = 0;
  // Sound: its loudness, from -127 (silence) to 0, and whether it is speech, where that is known (RFC 6464).
  std::optional<int> audio_level_dbov;
  bool voice_activity = false;
  // What the encoder quantised with, on its codec's own scale: VP8 0–127, VP9 and AV1 0–255, H.264 0–51. -1: unknown.
  int quantizer = -1;
  PictureLayers layers;
};

}  // namespace tidewire
