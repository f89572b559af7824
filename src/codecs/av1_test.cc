#include <gtest/gtest.h>

#include "codecs/av1_obu.h"
#include "codecs/video_for_test.h"

namespace tidewire::codecs {
namespace {

std::vector<ObuType> types(const EncodedFrame& frame) {
  std::vector<ObuType> all;
  const auto obus = split_obus(frame.payload);
  EXPECT_TRUE(obus);
  if (!obus) return all;
  for (const Obu& obu : *obus) all.push_back(obu.type);
  return all;
}

TEST(Av1, BeginsEveryKeyFrameWithASequenceHeaderAndLeavesOutDelimiters) {
  const auto enc = encoder(CodecType::kAv1, 1'000'000);
  const EncodedFrame first = encode(*enc, scene(0, 320, 240));
  const EncodedFrame delta = encode(*enc, scene(1, 320, 240));
  enc->request_key_frame();
  const EncodedFrame second = encode(*enc, scene(2, 320, 240));
  const std::vector key{ObuType::kSequenceHeader, ObuType::kFrame};
  EXPECT_EQ(types(first), key);
  EXPECT_EQ(types(delta), std::vector{ObuType::kFrame});
  EXPECT_EQ(types(second), key);
}

TEST(Av1Decoder, RefusesADeltaFrameThatASequenceHeaderPrecedes) {
  const auto enc = encoder(CodecType::kAv1, 1'000'000);
  const EncodedFrame key = encode(*enc, scene(0, 64, 48));
  const EncodedFrame delta = encode(*enc, scene(1, 64, 48));
  const ByteView header = split_obus(key.payload)->front().bytes;
  EncodedFrame mixed = delta;
  mixed.payload.insert(mixed.payload.begin(), header.begin(), header.end());
  EXPECT_FALSE(decoder(CodecType::kAv1)->decode(mixed));
}

TEST(Av1Obu, RefusesWhatIsNotWhole) {
  const Bytes good = {0x12, 0x00, 0x32, 0x02, 7, 7};
  ASSERT_TRUE(split_obus(good));
  EXPECT_EQ(split_obus(good)->size(), 2U);
  for (const Bytes& bad : {Bytes{0x32, 0x03, 7, 7}, Bytes{0x30, 7}, Bytes{0xb2, 0x00}, Bytes{0x36, 0x00},
                           Bytes{0x32, 0x80}, Bytes{0x32, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}}) {
    EXPECT_FALSE(split_obus(bad));
  }
}

}  // namespace
}  // namespace tidewire::codecs
