#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "codecs/video_for_test.h"

namespace tidewire::codecs {
namespace {

class VideoDecoders : public testing::TestWithParam<CodecType> {};

TEST_P(VideoDecoders, NeedsAKeyFrameFirst) {
  const auto enc = encoder(GetParam(), 1'000'000);
  encode(*enc, scene(0, 64, 48));
  const auto decoded = decoder(GetParam())->decode(encode(*enc, scene(1, 64, 48)));
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, ErrorCode::kEncoding);
}

TEST_P(VideoDecoders, RefusesDeltaFramesAfterGarbageAndRecoversWithTheNextKeyFrame) {
  const auto enc = encoder(GetParam(), 1'000'000);
  const auto dec = decoder(GetParam());
  EXPECT_TRUE(dec->decode(encode(*enc, scene(0, 64, 48))));
  EXPECT_TRUE(dec->decode(encode(*enc, scene(1, 64, 48))));
  EXPECT_FALSE(dec->decode(EncodedFrame{.payload = {0xde, 0xad}}));
  EXPECT_FALSE(dec->decode(encode(*enc, scene(2, 64, 48))));
  enc->request_key_frame();
  const auto decoded = dec->decode(encode(*enc, scene(3, 64, 48)));
  ASSERT_TRUE(decoded && *decoded);
  EXPECT_GT(psnr(*(*decoded)->buffer, *scene(3, 64, 48).buffer), 25);
}

TEST_P(VideoDecoders, SurvivesEveryTruncationAndManyBitErrors) {
  const auto enc = encoder(GetParam(), 1'000'000);
  const EncodedFrame key = encode(*enc, scene(0, 64, 48));
  const EncodedFrame delta = encode(*enc, scene(1, 64, 48));
  const auto dec = decoder(GetParam());
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

TEST_P(VideoDecoders, RefusesPicturesBeyondItsLimit) {
  const EncodedFrame key = encode(*encoder(GetParam(), 1'000'000), scene(0, 64, 48));
  EXPECT_TRUE(decoder(GetParam(), {.max_pixels = 64 * 48})->decode(key));
  EXPECT_FALSE(decoder(GetParam(), {.max_pixels = 64 * 48 - 1})->decode(key));
}

INSTANTIATE_TEST_SUITE_P(Codecs, VideoDecoders,
                         testing::Values(CodecType::kVp8, CodecType::kVp9, CodecType::kH264, CodecType::kAv1),
                         codec_name);

}  // namespace
}  // namespace tidewire::codecs
