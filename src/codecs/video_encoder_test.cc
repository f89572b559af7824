#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "codecs/video_for_test.h"

namespace tidewire::codecs {
namespace {

using std::chrono::milliseconds;

class VideoEncoders : public testing::TestWithParam<CodecType> {};

// The grain moves by fractions of a pixel, each its own way. For that the baseline of H.264 needs more bits than its
// successors.
TEST_P(VideoEncoders, KeepsThirtyDecibelsOfAMovingVgaScene) {
  const auto enc = encoder(GetParam(), GetParam() == CodecType::kH264 ? 2'500'000 : 1'000'000);
  const auto dec = decoder(GetParam());
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

TEST_P(VideoEncoders, MakesKeyFramesOnlyAtTheStartAndOnRequest) {
  const auto enc = encoder(GetParam(), 1'000'000);
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

TEST_P(VideoEncoders, StampsFramesOnTheNinetyKilohertzClock) {
  const auto enc = encoder(GetParam(), 1'000'000);
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
    if (!encoded || !*encoded) continue;
    EXPECT_FALSE((*encoded)->key_frame);
    bytes += (*encoded)->payload.size();
  }
  return static_cast<double>(bytes) * 8 * 30 / (to - from);
}

// Of each fifteen only one is encoded, because the path took no more. It must not take the bits of fifteen: the path
// would take no more for as long again.
TEST_P(VideoEncoders, PicturesThatAreLeftOutMakeTheNextOneNoLarger) {
  constexpr Duration kInterval = Duration{std::chrono::seconds{1}} / 30;
  const auto enc = encoder(GetParam(), 1'000'000);
  const auto bytes_of = [&](int from, int to, int left_out) {
    std::size_t bytes = 0;
    for (int i = from; i < to; ++i) {
      VideoFrame frame = scene(i, 320, 240);
      frame.timestamp += (i - from + 1) * left_out * kInterval;
      if (left_out > 0) enc->leave_out(left_out * kInterval);
      const auto encoded = enc->encode(frame);
      if (encoded && *encoded) bytes += (*encoded)->payload.size();
    }
    return bytes;
  };
  bytes_of(0, 30, 0);
  const std::size_t usual = bytes_of(30, 45, 0);
  EXPECT_LT(bytes_of(45, 60, 14), 2 * usual);
}

TEST_P(VideoEncoders, FollowsTheBitrateWithinAQuarterUpAndDownWithoutKeyFrames) {
  const auto enc = encoder(GetParam(), 800'000);
  encode(*enc, scene(0, 640, 480));
  int frame = 1;
  for (const int bitrate : {800'000, 300'000, 1'200'000}) {
    enc->set_rates({.bitrate = bitrate});
    measure(*enc, frame, frame + 30);  // a second to get there
    const double measured = measure(*enc, frame + 30, frame + 120);
    frame += 120;
    EXPECT_NEAR(measured, bitrate, 0.25 * bitrate);
    RecordProperty("bitrate_at_" + std::to_string(bitrate), std::to_string(measured));
  }
}

TEST_P(VideoEncoders, ChangesResolutionInBothDirections) {
  const auto enc = encoder(GetParam(), 1'000'000);
  const auto dec = decoder(GetParam());
  const std::pair<int, int> sizes[] = {{320, 240}, {641, 479}, {160, 120}, {1280, 720}, {16, 16}, {1, 1}, {3, 2}};
  const bool even_only = GetParam() == CodecType::kH264;
  int number = 0;
  for (const auto& [width, height] : sizes) {
    if (even_only && width < 16) continue;
    for (int i = 0; i < 2; ++i, ++number) {
      const auto encoded = enc->encode(scene(number, width, height));
      ASSERT_TRUE(encoded) << encoded.error().message;
      if (i == 0) {
        ASSERT_TRUE(*encoded && (*encoded)->width == (even_only ? width & ~1 : width));
      }
      if (!*encoded) continue;
      const auto decoded = dec->decode(**encoded);
      ASSERT_TRUE(decoded && *decoded);
      EXPECT_EQ((*decoded)->width(), even_only ? width & ~1 : width);
      EXPECT_EQ((*decoded)->height(), even_only ? height & ~1 : height);
    }
  }
}

TEST_P(VideoEncoders, AcceptsTimestampsThatStandStillOrGoBack) {
  const auto enc = encoder(GetParam(), 1'000'000);
  for (const int number : {5, 5, 3, 4, 900}) EXPECT_TRUE(enc->encode(scene(number, 64, 48)));
}

TEST_P(VideoEncoders, RefusesAFrameWithoutPicture) {
  const auto encoded = encoder(GetParam(), 1'000'000)->encode(VideoFrame{});
  ASSERT_FALSE(encoded);
  EXPECT_EQ(encoded.error().code, ErrorCode::kRange);
}

INSTANTIATE_TEST_SUITE_P(Codecs, VideoEncoders,
                         testing::Values(CodecType::kVp8, CodecType::kVp9, CodecType::kH264, CodecType::kAv1),
                         codec_name);

TEST(VideoCodec, FactoriesRefuseNonsense) {
  EXPECT_EQ(make_video_encoder(CodecType::kOpus).error().code, ErrorCode::kNotSupported);
  EXPECT_EQ(make_video_decoder(CodecType::kOpus).error().code, ErrorCode::kNotSupported);
  EXPECT_EQ(make_video_encoder(CodecType::kVp8, {.bitrate = 0}).error().code, ErrorCode::kRange);
  EXPECT_EQ(make_video_encoder(CodecType::kVp8, {.max_framerate = 0}).error().code, ErrorCode::kRange);
  EXPECT_EQ(make_video_decoder(CodecType::kVp8, {.threads = 0}).error().code, ErrorCode::kRange);
}

}  // namespace
}  // namespace tidewire::codecs
