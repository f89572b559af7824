#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>

#include "codecs/video_codec.h"

namespace tidewire::codecs {
namespace {

using std::chrono::milliseconds;

// A scene that moves and has detail everywhere, so that there is something to spend bits on.
VideoFrame scene(int number, int width, int height) {
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
  return {picture, Timestamp{milliseconds{1000} + number * Duration{1'000'000'000} / 30}, 0};
}

double psnr(const I420Buffer& a, const I420Buffer& b) {
  double squares = 0;
  const auto pixels = std::ptrdiff_t{a.width()} * a.height();
  for (std::ptrdiff_t i = 0; i < pixels; ++i) squares += std::pow(a.y()[i] - b.y()[i], 2);
  return squares == 0 ? 99 : 10 * std::log10(255.0 * 255.0 * static_cast<double>(pixels) / squares);
}

std::unique_ptr<VideoEncoder> encoder(int bitrate) {
  auto made = make_video_encoder(CodecType::kVp8, {.bitrate = bitrate});
  EXPECT_TRUE(made);
  return std::move(*made);
}

std::unique_ptr<VideoDecoder> decoder(const VideoDecoderConfig& config = {}) {
  auto made = make_video_decoder(CodecType::kVp8, config);
  EXPECT_TRUE(made);
  return std::move(*made);
}

// The frame, which must not have been skipped.
EncodedFrame encode(VideoEncoder& encoder, const VideoFrame& frame) {
  auto encoded = encoder.encode(frame);
  EXPECT_TRUE(encoded && *encoded);
  return encoded && *encoded ? std::move(**encoded) : EncodedFrame{};
}

TEST(Vp8, KeepsThirtyDecibelsOfAMovingVgaSceneAtOneMegabit) {
  const auto enc = encoder(1'000'000);
  const auto dec = decoder();
  double worst = 99;
  for (int i = 0; i < 60; ++i) {
    const VideoFrame original = scene(i, 640, 480);
    const auto encoded = enc->encode(original);
    ASSERT_TRUE(encoded) << encoded.error().message;
    if (!*encoded) continue;
    const auto decoded = dec->decode(**encoded);
    ASSERT_TRUE(decoded && *decoded);
    EXPECT_EQ((*decoded)->timestamp, original.timestamp);
    EXPECT_EQ((*decoded)->rtp_timestamp, (*encoded)->rtp_timestamp);
    if (i >= 10) worst = std::min(worst, psnr(*original.buffer, *(*decoded)->buffer));
  }
  EXPECT_GT(worst, 30);
  RecordProperty("worst_psnr", std::to_string(worst));
}

TEST(Vp8, MakesKeyFramesOnlyAtTheStartAndOnRequest) {
  const auto enc = encoder(1'000'000);
  std::vector<int> keys;
  for (int i = 0; i < 90; ++i) {
    if (i == 40) enc->request_key_frame();
    const auto encoded = enc->encode(scene(i, 320, 240));
    ASSERT_TRUE(encoded);
    if (!*encoded || !(*encoded)->key_frame) continue;
    keys.push_back(i);
    EXPECT_EQ((*encoded)->width, 320);
    EXPECT_EQ((*encoded)->height, 240);
  }
  EXPECT_EQ(keys, (std::vector{0, 40}));
}

TEST(Vp8, StampsFramesOnTheNinetyKilohertzClock) {
  const auto enc = encoder(1'000'000);
  VideoFrame frame = scene(0, 64, 48);
  frame.timestamp = Timestamp{std::chrono::hours{24 * 40} + milliseconds{500}};  // needs more than 32 bits
  const auto expected = static_cast<std::uint32_t>((std::uint64_t{24} * 40 * 3600 * 2 + 1) * 45'000);
  EXPECT_EQ(encode(*enc, frame).rtp_timestamp, expected);
}

// bit/s over the frames [from, to).
double measure(VideoEncoder& encoder, int from, int to) {
  std::size_t bytes = 0;
  for (int i = from; i < to; ++i) {
    const auto encoded = encoder.encode(scene(i, 640, 480));
    EXPECT_TRUE(encoded);
    if (encoded && *encoded) bytes += (*encoded)->payload.size();
  }
  return static_cast<double>(bytes) * 8 * 30 / (to - from);
}

TEST(Vp8, FollowsTheBitrateWithinAQuarterUpAndDown) {
  const auto enc = encoder(800'000);
  int frame = 0;
  for (const int bitrate : {800'000, 300'000, 1'200'000}) {
    enc->set_bitrate(bitrate);
    measure(*enc, frame, frame + 30);  // a second to get there
    const double measured = measure(*enc, frame + 30, frame + 120);
    frame += 120;
    EXPECT_NEAR(measured, bitrate, 0.25 * bitrate);
    RecordProperty("bitrate_at_" + std::to_string(bitrate), std::to_string(measured));
  }
}

TEST(Vp8, ChangesResolutionWithAKeyFrameInBothDirections) {
  const auto enc = encoder(1'000'000);
  const auto dec = decoder();
  const std::pair<int, int> sizes[] = {{320, 240}, {641, 479}, {160, 120}, {1280, 720}, {1, 1}, {3, 2}};
  int number = 0;
  for (const auto& [width, height] : sizes) {
    for (int i = 0; i < 2; ++i, ++number) {
      const auto encoded = enc->encode(scene(number, width, height));
      ASSERT_TRUE(encoded) << encoded.error().message;
      if (i == 0) {
        ASSERT_TRUE(*encoded && (*encoded)->key_frame);
      }
      if (!*encoded) continue;
      const auto decoded = dec->decode(**encoded);
      ASSERT_TRUE(decoded && *decoded);
      EXPECT_EQ((*decoded)->width(), width);
      EXPECT_EQ((*decoded)->height(), height);
    }
  }
}

TEST(Vp8, AcceptsTimestampsThatStandStillOrGoBack) {
  const auto enc = encoder(1'000'000);
  for (const int number : {5, 5, 3, 4, 900}) EXPECT_TRUE(enc->encode(scene(number, 64, 48)));
}

TEST(Vp8, RefusesAFrameWithoutPicture) {
  const auto encoded = encoder(1'000'000)->encode(VideoFrame{});
  ASSERT_FALSE(encoded);
  EXPECT_EQ(encoded.error().code, ErrorCode::kRange);
}

TEST(Vp8Decoder, NeedsAKeyFrameFirst) {
  const auto enc = encoder(1'000'000);
  encode(*enc, scene(0, 64, 48));
  const auto decoded = decoder()->decode(encode(*enc, scene(1, 64, 48)));
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, ErrorCode::kEncoding);
}

TEST(Vp8Decoder, RefusesDeltaFramesAfterGarbageAndRecoversWithTheNextKeyFrame) {
  const auto enc = encoder(1'000'000);
  const auto dec = decoder();
  EXPECT_TRUE(dec->decode(encode(*enc, scene(0, 64, 48))));
  EXPECT_TRUE(dec->decode(encode(*enc, scene(1, 64, 48))));
  EXPECT_FALSE(dec->decode(EncodedFrame{.payload = {0xde, 0xad}}));
  EXPECT_FALSE(dec->decode(encode(*enc, scene(2, 64, 48))));
  enc->request_key_frame();
  const auto decoded = dec->decode(encode(*enc, scene(3, 64, 48)));
  ASSERT_TRUE(decoded && *decoded);
  EXPECT_GT(psnr(*(*decoded)->buffer, *scene(3, 64, 48).buffer), 25);
}

TEST(Vp8Decoder, SurvivesEveryTruncationAndManyBitErrors) {
  const auto enc = encoder(1'000'000);
  const EncodedFrame key = encode(*enc, scene(0, 64, 48));
  const EncodedFrame delta = encode(*enc, scene(1, 64, 48));
  const auto dec = decoder();
  for (std::size_t size = 0; size < key.payload.size(); ++size) {
    EncodedFrame cut = key;
    cut.payload.resize(size);
    (void)dec->decode(cut);
  }
  std::mt19937 random(7);
  for (int i = 0; i < 500; ++i) {
    EXPECT_TRUE(dec->decode(key));  // the next key frame heals whatever came before
    EncodedFrame damaged = i % 2 ? key : delta;
    for (int errors = 0; errors < 1 + i % 5; ++errors) {
      damaged.payload[random() % damaged.payload.size()] ^= static_cast<std::uint8_t>(1U << random() % 8);
    }
    (void)dec->decode(damaged);
  }
  for (int i = 0; i < 500; ++i) {
    EncodedFrame noise{.payload = Bytes(random() % 200)};
    std::generate(noise.payload.begin(), noise.payload.end(), [&] { return static_cast<std::uint8_t>(random()); });
    (void)dec->decode(noise);
  }
  EXPECT_TRUE(dec->decode(key));
}

TEST(Vp8Decoder, RefusesPicturesBeyondItsLimit) {
  const EncodedFrame key = encode(*encoder(1'000'000), scene(0, 64, 48));
  EXPECT_TRUE(decoder({.max_pixels = 64 * 48})->decode(key));
  EXPECT_FALSE(decoder({.max_pixels = 64 * 48 - 1})->decode(key));
}

TEST(VideoCodec, FactoriesRefuseNonsense) {
  EXPECT_EQ(make_video_encoder(CodecType::kOpus).error().code, ErrorCode::kNotSupported);
  EXPECT_EQ(make_video_decoder(CodecType::kOpus).error().code, ErrorCode::kNotSupported);
  EXPECT_EQ(make_video_encoder(CodecType::kVp8, {.bitrate = 0}).error().code, ErrorCode::kRange);
  EXPECT_EQ(make_video_encoder(CodecType::kVp8, {.max_framerate = 0}).error().code, ErrorCode::kRange);
  EXPECT_EQ(make_video_decoder(CodecType::kVp8, {.threads = 0}).error().code, ErrorCode::kRange);
}

}  // namespace
}  // namespace tidewire::codecs
