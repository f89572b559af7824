// Pictures in layers, cut to packets: what the descriptors of each format say, and where each packet is in its frame.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/layer_pattern.h"
#include "media/payload/format.h"

namespace tidewire::media {
namespace {

EncodedFrame picture(CodecType codec, ScalabilityMode mode, int position, std::size_t layer_size) {
  EncodedFrame frame{.codec = codec, .key_frame = position == 0};
  frame.layers.mode = mode;
  frame.layers.temporal_layer = static_cast<std::uint8_t>(pattern_picture(mode, position).temporal_layer);
  frame.layers.sync = position == 1 || position == 2;
  frame.layers.count = mode.spatial_layers;
  for (std::size_t i = 0; i < frame.layers.count; ++i) {
    Bytes bytes(layer_size, static_cast<std::uint8_t>(i + 1));
    if (codec == CodecType::kVp8) bytes[0] = 0x11;
    if (codec == CodecType::kVp9) bytes[0] = 0x86;
    if (codec == CodecType::kAv1) {
      bytes = {0x36, static_cast<std::uint8_t>(i << 3), 0x80 | 40, 0x02};  // 296 bytes
      bytes.resize(4 + 296, 0x30);
    }
    frame.layers.frames[i] = {.size = bytes.size(), .width = 160 << i, .height = 90 << i};
    frame.payload.insert(frame.payload.end(), bytes.begin(), bytes.end());
  }
  return frame;
}

struct Cut {
  PacketPool pool;
  std::vector<Packet> packets;
  std::vector<PacketPlace> places;

  Result<> cut(const EncodedFrame& frame, PacketizerOptions options = {.max_payload = 120}) {
    options.picture_id = 0x1234;
    options.tl0_picture_index = 0x77;
    return packetize(frame, options, pool, packets, &places);
  }
};

TEST(Vp8Layers, StandInTheDescriptor) {
  const ScalabilityMode mode{1, 3, false};
  struct Case {
    int position;
    std::uint8_t first, layers;
  };
  // N for the highest layer; TID, and Y for all that depend on the lowest layer alone.
  for (const Case c : {Case{4, 0x90, 0x00}, {1, 0xb0, 0xa0}, {2, 0x90, 0x60}, {3, 0xb0, 0x80}}) {
    Cut cut;
    ASSERT_TRUE(cut.cut(picture(CodecType::kVp8, mode, c.position, 300)));
    ASSERT_EQ(cut.packets.size(), 3U);
    const Bytes head{c.first, 0xe0, 0x92, 0x34, 0x77, c.layers};
    EXPECT_TRUE(std::ranges::equal(cut.packets[0].bytes().first(6), head)) << c.position;
    const auto info = parse_payload(CodecType::kVp8, cut.packets[0].bytes());
    ASSERT_TRUE(info);
    EXPECT_EQ(info->tl0_picture_index, 0x77);
    EXPECT_EQ(info->layer_sync, c.position == 1 || c.position == 2);
    EXPECT_EQ(info->temporal_layer, pattern_picture(mode, c.position).temporal_layer);
    EXPECT_EQ(cut.packets[1].bytes()[0], c.first & ~0x10);
    EXPECT_EQ(cut.places, (std::vector<PacketPlace>{{0, true, false}, {0, false, false}, {0, false, true}}));
  }
}

EncodedFrame vp9_key_picture(ScalabilityMode mode) {
  EncodedFrame frame = picture(CodecType::kVp9, mode, 0, 200);
  const Bytes header{0x82, 0x49, 0x83, 0x42, 0x00, 0x09, 0xf0, 0x05, 0x90};
  std::ranges::copy(header, frame.payload.begin());
  return frame;
}

TEST(Vp9Layers, TellTheirStructureWithKeyFrames) {
  Cut cut;
  ASSERT_TRUE(cut.cut(vp9_key_picture({2, 3, false})));
  ASSERT_EQ(cut.packets.size(), 5U);
  // I, L, B and V; the picture id; TID 0, U, SID 0; TL0PICIDX; two sizes and four pictures.
  const Bytes first{0xaa, 0x92, 0x34, 0x10, 0x77, 0x38, 0x00, 0xa0, 0x00, 0x5a, 0x01, 0x40,
                    0x00, 0xb4, 0x04, 0x14, 0x04, 0x54, 0x01, 0x34, 0x02, 0x54, 0x01};
  EXPECT_TRUE(std::ranges::equal(cut.packets[0].bytes().first(first.size()), first));
  const Bytes end{0xa4, 0x92, 0x34, 0x10, 0x77};
  EXPECT_TRUE(std::ranges::equal(cut.packets[2].bytes().first(5), end));
  // The second layer: predicted from the first (D), and from no other picture (no P); nothing needs it (Z).
  const Bytes upper{0xa9, 0x92, 0x34, 0x13, 0x77};
  EXPECT_TRUE(std::ranges::equal(cut.packets[3].bytes().first(5), upper));
  const auto info = parse_payload(CodecType::kVp9, cut.packets[0].bytes());
  ASSERT_TRUE(info);
  EXPECT_TRUE(info->key_frame);
  EXPECT_EQ(info->width, 320);
  EXPECT_EQ(info->height, 180);
  EXPECT_EQ(cut.places,
            (std::vector<PacketPlace>{
                {0, true, false}, {0, false, false}, {0, false, true}, {1, true, false}, {1, false, true}}));
}

TEST(Vp9Layers, DependOnEachOtherAsTheModeSays) {
  for (const bool key : {false, true}) {
    Cut cut;
    ASSERT_TRUE(cut.cut(picture(CodecType::kVp9, {2, 2, key}, 1, 100)));
    ASSERT_EQ(cut.packets.size(), 2U);
    EXPECT_EQ(cut.packets[0].bytes()[0], key ? 0xed : 0xec) << "Z where nothing above needs it";
    EXPECT_EQ(cut.packets[0].bytes()[3], 0x30);
    EXPECT_EQ(cut.packets[1].bytes()[0], 0xed);
    EXPECT_EQ(cut.packets[1].bytes()[3], key ? 0x32 : 0x33) << "D where it needs what is below";
  }
}

TEST(Av1Layers, HavePacketsOfTheirOwn) {
  Cut cut;
  ASSERT_TRUE(cut.cut(picture(CodecType::kAv1, {2, 1, false}, 1, 0), {.max_payload = 1100}));
  ASSERT_EQ(cut.packets.size(), 2U);
  EXPECT_EQ(cut.places, (std::vector<PacketPlace>{{0, true, true}, {1, true, true}}));
  for (std::uint8_t i = 0; i < 2; ++i) {
    EXPECT_EQ(parse_payload(CodecType::kAv1, cut.packets[i].bytes())->spatial_layer, i);
  }
}

TEST(LayeredFrames, ComeBackAsTheyWere) {
  for (const CodecType codec : {CodecType::kVp8, CodecType::kVp9, CodecType::kAv1}) {
    const ScalabilityMode mode{static_cast<std::uint8_t>(codec == CodecType::kVp8 ? 1 : 3), 2, false};
    const EncodedFrame frame = picture(codec, mode, 1, 300);
    Cut cut;
    ASSERT_TRUE(cut.cut(frame));
    FrameBuilder builder(codec);
    Bytes built;
    for (const Packet& packet : cut.packets) ASSERT_TRUE(builder.add(packet.bytes(), built));
    ASSERT_TRUE(builder.finish(built));
    ASSERT_GE(built.size(), frame.payload.size());
    EXPECT_TRUE(std::equal(frame.payload.begin(), frame.payload.end(), built.begin()));
    EXPECT_EQ(built.size() - frame.payload.size(), codec == CodecType::kVp9 ? 14U : 0U) << "an index";
  }
}

TEST(LayeredFrames, WithWrongSizesAreRefused) {
  for (const CodecType codec : {CodecType::kVp9, CodecType::kAv1}) {
    EncodedFrame frame = picture(codec, {2, 1, false}, 1, 300);
    frame.layers.frames[1].size += 1;
    Cut cut;
    const auto result = cut.cut(frame);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kEncoding);
  }
}

TEST(PacketPlaces, StandForPicturesWithoutLayersToo) {
  Cut cut;
  ASSERT_TRUE(cut.cut({.codec = CodecType::kH264, .payload = {0, 0, 0, 1, 0x41, 1, 2, 3}}));
  EXPECT_EQ(cut.places, (std::vector<PacketPlace>{{0, true, true}}));
}

}  // namespace
}  // namespace tidewire::media
