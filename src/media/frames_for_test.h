// Frames of every codec, made by hand: whole in what RTP looks at, and random elsewhere.
#pragma once

#include <algorithm>
#include <random>

#include "media/payload/bits_for_test.h"
#include "tidewire/encoded_frame.h"

namespace tidewire::media {

// Bytes that no start code can be read from, and that are no zero.
inline void append_noise(Bytes& bytes, std::size_t size, std::mt19937_64& random) {
  for (std::size_t i = 0; i < size; ++i) bytes.push_back(static_cast<std::uint8_t>(2 + random() % 254));
}

inline Bytes h264_frame(bool key, std::size_t size, std::mt19937_64& random) {
  Bytes frame;
  const auto add = [&](std::initializer_list<std::uint8_t> nal_unit, std::size_t more) {
    frame.insert(frame.end(), {0, 0, 0, 1});
    frame.insert(frame.end(), nal_unit);
    append_noise(frame, more, random);
  };
  if (key) {
    add({0x67, 0x42, 0xc0, 0x1e, 0xda, 0x02, 0x80, 0xf6, 0x84, 0x00, 0x00, 0x03, 0x00, 0x04}, 0);
    add({0x68, 0xce, 0x3c, 0x80}, 0);
    add({0x06}, 20);
  }
  const std::uint8_t type = key ? 0x65 : 0x41;
  add({type, 0x88}, size / 2);
  add({type, 0x42}, size / 2);  // a second slice
  return frame;
}

inline Bytes vp8_frame(bool key, std::size_t size, std::mt19937_64& random) {
  Bytes frame = key ? Bytes{0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01} : Bytes{0x11};
  append_noise(frame, size, random);
  return frame;
}

inline Bytes vp9_frame(bool key, std::size_t size, std::mt19937_64& random) {
  Bytes frame = key ? Bytes{0x82, 0x49, 0x83, 0x42, 0x20, 0x27, 0xf0, 0x1d, 0xf0} : Bytes{0x86};
  append_noise(frame, size, random);
  return frame;
}

inline Bytes av1_frame(bool key, std::size_t size, std::mt19937_64& random) {
  Bytes frame;
  if (key) {
    BitWriter sequence;
    sequence.bits(24, 0).bits(5, 4).bits(4, 15).bits(4, 15).bits(16, 639).bits(16, 479).bits(4, 0);
    frame = {0x0a, static_cast<std::uint8_t>(sequence.bytes().size())};
    frame.insert(frame.end(), sequence.bytes().begin(), sequence.bytes().end());
  }
  const auto add = [&](std::uint8_t header, std::uint8_t first, std::size_t more) {
    frame.push_back(header);
    std::size_t rest = more + 1;
    for (; rest > 0x7f; rest >>= 7) frame.push_back(static_cast<std::uint8_t>(rest | 0x80U));
    frame.push_back(static_cast<std::uint8_t>(rest));
    frame.push_back(first);
    append_noise(frame, more, random);
  };
  add(0x2a, 9, 10);                  // metadata
  add(0x1a, key ? 0x10 : 0x30, 30);  // frame header
  add(0x22, 9, size);                // tile group
  return frame;
}

inline EncodedFrame frame_of(CodecType codec, bool key, std::size_t size, std::mt19937_64& random) {
  EncodedFrame frame{.codec = codec, .key_frame = key || kind_of(codec) == MediaKind::kAudio};
  switch (codec) {
    case CodecType::kH264: frame.payload = h264_frame(key, size, random); break;
    case CodecType::kVp8: frame.payload = vp8_frame(key, size, random); break;
    case CodecType::kVp9: frame.payload = vp9_frame(key, size, random); break;
    case CodecType::kAv1: frame.payload = av1_frame(key, size, random); break;
    case CodecType::kOpus: frame.payload.push_back(0x78); [[fallthrough]];
    case CodecType::kPcmu:
    case CodecType::kPcma: append_noise(frame.payload, 160, random); break;
  }
  return frame;
}

}  // namespace tidewire::media
