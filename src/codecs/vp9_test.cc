#include <gtest/gtest.h>

#include "codecs/video_for_test.h"

namespace tidewire::codecs {
namespace {

// A superframe (Annex B of the bitstream specification) of these frames.
EncodedFrame superframe(const std::vector<EncodedFrame>& frames) {
  EncodedFrame all{.codec = CodecType::kVp9};
  const auto marker = static_cast<std::uint8_t>(0xc0 | 1 << 3 | (frames.size() - 1));
  Bytes index{marker};
  for (const EncodedFrame& frame : frames) {
    all.payload.insert(all.payload.end(), frame.payload.begin(), frame.payload.end());
    index.push_back(static_cast<std::uint8_t>(frame.payload.size()));
    index.push_back(static_cast<std::uint8_t>(frame.payload.size() >> 8));
  }
  index.push_back(marker);
  all.payload.insert(all.payload.end(), index.begin(), index.end());
  return all;
}

TEST(Vp9Decoder, ReadsSuperframes) {
  const auto enc = encoder(CodecType::kVp9, 1'000'000);
  const EncodedFrame key = encode(*enc, scene(0, 64, 48));
  const EncodedFrame delta = encode(*enc, scene(1, 64, 48));
  const auto decoded = decoder(CodecType::kVp9)->decode(superframe({key, delta}));
  ASSERT_TRUE(decoded && *decoded);
  EXPECT_EQ((*decoded)->width(), 64);
}

// Each of these would make the library allocate for the larger picture.
TEST(Vp9Decoder, LooksForTooLargePicturesInEveryFrameOfASuperframe) {
  const EncodedFrame small = encode(*encoder(CodecType::kVp9, 1'000'000), scene(0, 64, 48));
  const EncodedFrame large = encode(*encoder(CodecType::kVp9, 1'000'000), scene(0, 320, 240));
  const VideoDecoderConfig limit{.max_pixels = 64 * 48};
  EXPECT_TRUE(decoder(CodecType::kVp9, limit)->decode(superframe({small})));
  EXPECT_FALSE(decoder(CodecType::kVp9, limit)->decode(superframe({small, large})));
}

TEST(Vp9Decoder, DoesNotReadOnBehindAFrameWithoutIndex) {
  const EncodedFrame small = encode(*encoder(CodecType::kVp9, 1'000'000), scene(0, 64, 48));
  const EncodedFrame large = encode(*encoder(CodecType::kVp9, 1'000'000), scene(0, 320, 240));
  EncodedFrame both = small;
  both.payload.insert(both.payload.end(), large.payload.begin(), large.payload.end());
  const auto decoded = decoder(CodecType::kVp9, {.max_pixels = 64 * 48})->decode(both);
  if (decoded && *decoded) {
    EXPECT_EQ((*decoded)->width(), 64);
  }
}

TEST(Vp9Decoder, RefusesProfilesThatWereNotNegotiated) {
  EncodedFrame key = encode(*encoder(CodecType::kVp9, 1'000'000), scene(0, 64, 48));
  key.payload[0] |= 0x20;  // profile 1: 4:4:4
  EXPECT_FALSE(decoder(CodecType::kVp9)->decode(key));
}

}  // namespace
}  // namespace tidewire::codecs
