#include "fake_frames.h"

#include <algorithm>
#include <array>

namespace tidewire::scenario {
namespace {

constexpr std::size_t kAudioFrameSize = 80;
constexpr std::size_t kTimeSize = 8;

std::uint8_t low_byte(int value, int shift) { return static_cast<std::uint8_t>(value >> shift); }

// RFC 6386 §9.1: the header of a VP8 frame, which the receiver looks at.
Bytes video_header(const FakeMedia& media, bool key_frame) {
  if (!key_frame) return {0x11, 0, 0};
  return {0x10,
          0,
          0,
          0x9d,
          0x01,
          0x2a,
          low_byte(media.width, 0),
          low_byte(media.width, 8),
          low_byte(media.height, 0),
          low_byte(media.height, 8)};
}

// RFC 6716 §3.1: 20 ms in one frame of the hybrid mode; §4.2.3: active voice, and no redundancy.
const Bytes kOpusHeader = {0x78, 0x80};

std::size_t header_size(const EncodedFrame& frame) {
  if (frame.codec == CodecType::kOpus) return kOpusHeader.size();
  return frame.key_frame ? 10 : 3;
}

// The header, the time, and a pattern.
Bytes fake_payload(const Bytes& header, std::uint32_t number, std::size_t size, Timestamp now) {
  Bytes bytes(std::max(size, header.size() + kTimeSize + 2));
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(number * 31 + i * 7);
  std::ranges::copy(header, bytes.begin());
  const auto time = static_cast<std::uint64_t>(now.time_since_epoch().count());
  for (std::size_t i = 0; i < kTimeSize; ++i) bytes[header.size() + i] = static_cast<std::uint8_t>(time >> (8 * i));
  return bytes;
}

}  // namespace

Duration FakeMedia::period(MediaKind kind) const {
  const Duration nominal = kind == MediaKind::kVideo ? kVideoPeriod : kAudioPeriod;
  return Duration{static_cast<Duration::rep>(static_cast<double>(nominal.count()) / (1 + clock_skew))};
}

EncodedFrame fake_video_frame(const FakeMedia& media, std::uint32_t number, std::size_t size, bool key_frame,
                              Timestamp now) {
  return {.codec = CodecType::kVp8,
          .payload = fake_payload(video_header(media, key_frame), number, size, now),
          .rtp_timestamp = media.first_video_timestamp + number * 2970,
          .key_frame = key_frame,
          .width = media.width,
          .height = media.height,
          .timestamp = now};
}

EncodedFrame fake_audio_frame(const FakeMedia& media, std::uint32_t number, Timestamp now) {
  return {.codec = CodecType::kOpus,
          .payload = fake_payload(kOpusHeader, number, kAudioFrameSize, now),
          .rtp_timestamp = media.first_audio_timestamp + number * 960,
          .key_frame = true,
          .timestamp = now};
}

void put_in_layer(EncodedFrame& frame, const FakeMedia& media, std::uint32_t position) {
  struct Place {
    std::uint8_t layer;
    std::uint16_t distance;
    bool sync;
  };
  static constexpr std::array<Place, 4> kThree = {{{0, 4, false}, {2, 1, true}, {1, 2, true}, {2, 1, false}}};
  static constexpr std::array<Place, 4> kTwo = {{{0, 2, false}, {1, 1, true}, {0, 2, false}, {1, 1, true}}};
  const Place& place = (media.layers.temporal_layers == 3 ? kThree : kTwo)[position % 4];
  frame.layers = {.mode = media.layers, .temporal_layer = place.layer, .sync = place.sync, .count = 1};
  LayerFrame& layer = frame.layers.frames[0];
  layer = {.size = frame.payload.size(), .width = media.width, .height = media.height};
  if (frame.key_frame) return;
  layer.distances[0] = place.distance;
  layer.distance_count = 1;
}

bool is_intact(const EncodedFrame& frame) {
  if (frame.codec == CodecType::kOpus && frame.payload.size() != kAudioFrameSize) return false;
  const std::size_t start = header_size(frame) + kTimeSize;
  if (frame.payload.size() <= start + 1) return false;
  const auto seed = static_cast<std::uint8_t>(frame.payload[start] - start * 7);
  for (std::size_t i = start; i < frame.payload.size(); ++i) {
    if (frame.payload[i] != static_cast<std::uint8_t>(seed + i * 7)) return false;
  }
  return true;
}

std::optional<Timestamp> captured(const EncodedFrame& frame) {
  if (!is_intact(frame)) return std::nullopt;
  std::uint64_t time = 0;
  for (std::size_t i = 0; i < kTimeSize; ++i) {
    time |= std::uint64_t{frame.payload[header_size(frame) + i]} << (8 * i);
  }
  return Timestamp{Duration{static_cast<Duration::rep>(time)}};
}

}  // namespace tidewire::scenario
