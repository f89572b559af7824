#include "fake_frames.h"

#include <algorithm>

namespace tidewire::scenario {
namespace {

constexpr std::size_t kAudioFrameSize = 80;

// The first bytes are a VP8 frame header (RFC 6386 §9.1), which the receiver looks at.
Bytes fake_payload(std::uint32_t number, std::size_t size, bool key_frame) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(number * 31 + i * 7);
  const Bytes header = key_frame ? Bytes{0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01} : Bytes{0x11, 0, 0};
  std::ranges::copy(header, bytes.begin());
  return bytes;
}

}  // namespace

EncodedFrame fake_video_frame(std::uint32_t number, std::size_t size, bool key_frame, Timestamp now) {
  return {.codec = CodecType::kVp8,
          .payload = fake_payload(number, size, key_frame),
          .rtp_timestamp = number * 2970,
          .key_frame = key_frame,
          .timestamp = now};
}

EncodedFrame fake_audio_frame(std::uint32_t number, Timestamp now) {
  return {.codec = CodecType::kOpus,
          .payload = fake_payload(number, kAudioFrameSize, false),
          .rtp_timestamp = number * 960,
          .key_frame = true,
          .timestamp = now};
}

bool is_intact(const EncodedFrame& frame) {
  if (frame.codec == CodecType::kOpus) return frame.payload.size() == kAudioFrameSize;
  const std::size_t start = frame.key_frame ? 10 : 3;
  if (frame.payload.size() <= start + 1) return false;
  const auto seed = static_cast<std::uint8_t>(frame.payload[start] - start * 7);
  for (std::size_t i = start; i < frame.payload.size(); ++i) {
    if (frame.payload[i] != static_cast<std::uint8_t>(seed + i * 7)) return false;
  }
  return true;
}

}  // namespace tidewire::scenario
