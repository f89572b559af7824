// What the tests of all video codecs share: a scene worth its bits, and a measure of what is left of it.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>
#include <utility>

#include "codecs/video_codec.h"

namespace tidewire::codecs {

// A scene that moves and has detail everywhere, so that there is something to spend bits on.
inline VideoFrame scene(int number, int width, int height) {
  auto picture = std::make_shared<I420Buffer>(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const double wave = std::sin((x + 3 * number) * 0.11) * std::cos((y - 2 * number) * 0.07);
      const double grain = std::sin(x * 0.9 + y * 0.5 + number * 0.3);
      picture->y()[y * picture->stride_y() + x] = static_cast<std::uint8_t>(128 + 70 * wave + 15 * grain);
    }
  }
  for (int y = 0; y < picture->chroma_height(); ++y) {
    for (int x = 0; x < picture->chroma_width(); ++x) {
      picture->u()[y * picture->stride_uv() + x] = static_cast<std::uint8_t>(90 + (x + number) % 64);
      picture->v()[y * picture->stride_uv() + x] = static_cast<std::uint8_t>(170 - (y + number) % 64);
    }
  }
  return {picture, Timestamp{std::chrono::seconds{1} + number * Duration{1'000'000'000} / 30}, 0};
}

inline double psnr(const I420Buffer& a, const I420Buffer& b) {
  double squares = 0;
  EXPECT_EQ(a.width(), b.width());
  EXPECT_EQ(a.height(), b.height());
  const auto pixels = std::ptrdiff_t{a.width()} * a.height();
  for (std::ptrdiff_t i = 0; i < pixels; ++i) squares += std::pow(a.y()[i] - b.y()[i], 2);
  return squares == 0 ? 99 : 10 * std::log10(255.0 * 255.0 * static_cast<double>(pixels) / squares);
}

inline std::unique_ptr<VideoEncoder> encoder(CodecType codec, int bitrate) {
  auto made = make_video_encoder(codec, {.bitrate = bitrate});
  EXPECT_TRUE(made);
  return std::move(*made);
}

inline std::unique_ptr<VideoDecoder> decoder(CodecType codec, const VideoDecoderConfig& config = {}) {
  auto made = make_video_decoder(codec, config);
  EXPECT_TRUE(made);
  return std::move(*made);
}

// The frame, which must not have been skipped.
inline EncodedFrame encode(VideoEncoder& encoder, const VideoFrame& frame) {
  auto encoded = encoder.encode(frame);
  EXPECT_TRUE(encoded && *encoded);
  return encoded && *encoded ? std::move(**encoded) : EncodedFrame{};
}

// Names the codec in a parameterised test.
inline std::string codec_name(const testing::TestParamInfo<CodecType>& info) {
  return std::string(to_string(info.param));
}

}  // namespace tidewire::codecs
