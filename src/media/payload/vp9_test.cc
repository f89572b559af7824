// Payloads of VP9: RFC 9628's descriptor in both modes, what must be refused, and pictures of several layers.
#include "media/payload/vp9.h"

#include <gtest/gtest.h>

namespace tidewire::media {
namespace {

// A key frame of profile 0, 640 × 480: frame marker, sync code, BT.601, sizes minus one.
const Bytes kKeyFrame{0x82, 0x49, 0x83, 0x42, 0x20, 0x27, 0xf0, 0x1d, 0xf0, 9, 9};
const Bytes kInterFrame{0x86, 1, 2, 3};

Bytes concat(Bytes head, const Bytes& rest) {
  head.insert(head.end(), rest.begin(), rest.end());
  return head;
}

TEST(Vp9Descriptor, ReadsEveryFormOfRfc9628) {
  struct Case {
    const char* name;
    Bytes bytes;
    std::size_t size;  // 0: refused
    std::optional<std::uint16_t> picture_id;
    std::optional<std::uint8_t> temporal, spatial;
    std::size_t references = 0;
    int width = 0, height = 0;
  };
  const std::vector<Case> cases{
      {"empty", {}, 0, {}, {}, {}},
      {"least", {0x0c}, 1, {}, {}, {}},
      {"picture id of 7 bits", {0x8c, 0x11}, 2, 0x11, {}, {}},
      {"picture id of 15 bits", {0x8c, 0x92, 0x34}, 3, 0x1234, {}, {}},
      {"picture id cut", {0x8c, 0x92}, 0, {}, {}, {}},
      {"layers, with TL0PICIDX", {0xac, 0x11, 0x53, 0x77}, 4, 0x11, 2, 1},
      {"layers, TL0PICIDX cut", {0xac, 0x11, 0x53}, 0, {}, {}, {}},
      {"layers, flexible: no TL0PICIDX", {0xbc, 0x11, 0x53}, 3, 0x11, 2, 1},
      {"flexible, one reference", {0xdc, 0x11, 0x02}, 3, 0x11, {}, {}, 1},
      {"flexible, three references", {0xdc, 0x11, 0x03, 0x05, 0x06}, 5, 0x11, {}, {}, 3},
      {"flexible, four references", {0xdc, 0x11, 0x03, 0x05, 0x07, 0x08}, 0, {}, {}, {}},
      {"flexible, references cut", {0xdc, 0x11, 0x03}, 0, {}, {}, {}},
      {"flexible, references of a picture without id", {0x5c, 0x02}, 0, {}, {}, {}},
      {"structure, nothing in it", {0x0e, 0x00}, 2, {}, {}, {}},
      {"structure, two sizes",
       {0x0e, 0x30, 0x01, 0x40, 0x00, 0xf0, 0x02, 0x80, 0x01, 0xe0},
       10,
       {},
       {},
       {},
       0,
       640,
       480},
      {"structure, sizes cut", {0x0e, 0x30, 0x01, 0x40, 0x00, 0xf0, 0x02, 0x80, 0x01}, 0, {}, {}, {}},
      {"structure, size beyond reason", {0x0e, 0x10, 0xff, 0xff, 0x00, 0xf0}, 0, {}, {}, {}},
      {"structure, group of two", {0x0e, 0x08, 0x02, 0x04, 0x01, 0x28, 0x01, 0x02}, 8, {}, {}, {}},
      {"structure, group that says 255", {0x0e, 0x08, 0xff, 0x00, 0x00}, 0, {}, {}, {}},
      {"structure missing", {0x0e}, 0, {}, {}, {}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const auto descriptor = Vp9Descriptor::parse(c.bytes);
    ASSERT_EQ(descriptor.has_value(), c.size != 0);
    if (!descriptor) continue;
    EXPECT_EQ(descriptor->size, c.size);
    EXPECT_EQ(descriptor->picture_id, c.picture_id);
    EXPECT_EQ(descriptor->temporal_layer, c.temporal);
    EXPECT_EQ(descriptor->spatial_layer, c.spatial);
    EXPECT_EQ(descriptor->reference_count, c.references);
    EXPECT_EQ(descriptor->width, c.width);
    EXPECT_EQ(descriptor->height, c.height);
  }
  const auto layers = Vp9Descriptor::parse(Bytes{0xac, 0x11, 0x53, 0x77});
  EXPECT_EQ(layers->tl0_picture_index, 0x77);
  EXPECT_TRUE(layers->switching_up);
  EXPECT_TRUE(layers->inter_layer_predicted);
  const auto flexible = Vp9Descriptor::parse(Bytes{0xdc, 0x11, 0x03, 0x05, 0x06});
  EXPECT_EQ(flexible->reference_distances, (std::array<std::uint8_t, 3>{1, 2, 3}));
}

TEST(Vp9FrameHeader, TellsKeyFramesAndTheirSize) {
  const auto key = Vp9FrameHeader::parse(kKeyFrame);
  ASSERT_TRUE(key);
  EXPECT_TRUE(key->key_frame);
  EXPECT_EQ(key->width, 640);
  EXPECT_EQ(key->height, 480);
  EXPECT_FALSE(Vp9FrameHeader::parse(kInterFrame)->key_frame);
  EXPECT_FALSE(Vp9FrameHeader::parse({}));
  EXPECT_FALSE(Vp9FrameHeader::parse(Bytes{0x42})) << "no frame marker";
  for (std::size_t n = 1; n < 9; ++n) EXPECT_FALSE(Vp9FrameHeader::parse(ByteView(kKeyFrame).first(n))) << n;
  Bytes wrong = kKeyFrame;
  wrong[2] = 0;
  EXPECT_FALSE(Vp9FrameHeader::parse(wrong)) << "no sync code";
}

TEST(Vp9Payload, TellsWhatItIsPartOf) {
  const auto key = parse_vp9_payload(concat({0x88, 0x11}, kKeyFrame));
  ASSERT_TRUE(key);
  EXPECT_TRUE(key->begins && key->key_frame && key->decodable_from_here);
  EXPECT_EQ(key->width, 640);
  const auto inter = parse_vp9_payload(concat({0xcc, 0x11}, kInterFrame));
  EXPECT_TRUE(inter->begins && !inter->key_frame);
  const auto middle = parse_vp9_payload(concat({0xc0, 0x11}, kInterFrame));
  EXPECT_FALSE(middle->may_begin);
  const auto upper = parse_vp9_payload(concat({0xac, 0x11, 0x03, 0x00}, kInterFrame));
  EXPECT_TRUE(upper->may_begin && !upper->begins && !upper->key_frame) << "predicted from the layer below";
  EXPECT_EQ(upper->spatial_layer, 1);
  EXPECT_FALSE(parse_vp9_payload(Bytes{0x8c, 0x11})) << "a descriptor alone";
  EXPECT_FALSE(parse_vp9_payload(concat({0x88, 0x11}, {0x82, 1, 2, 3, 4, 5, 6, 7, 8}))) << "a key frame that is none";
}

std::optional<Bytes> build(std::initializer_list<Bytes> payloads) {
  Vp9FrameBuilder builder;
  Bytes frame;
  for (const Bytes& payload : payloads) {
    if (!builder.add(payload, frame)) return std::nullopt;
  }
  return builder.finish(frame) ? std::optional(frame) : std::nullopt;
}

TEST(Vp9FrameBuilder, PutsTheLayersOfAPictureTogether) {
  EXPECT_EQ(build({{0xa8, 0x11, 0x00, 0, 1}, {0xa4, 0x11, 0x00, 0, 2}, {0xac, 0x11, 0x03, 0, 3}}),
            (Bytes{1, 2, 3, 0xd9, 2, 0, 0, 0, 1, 0, 0, 0, 0xd9}))
      << "with an index that tells them apart";
}

TEST(Vp9FrameBuilder, RefusesWhatDoesNotFollow) {
  EXPECT_FALSE(build({{0x80, 0x11, 1}})) << "without a beginning";
  EXPECT_FALSE(build({{0x88, 0x11, 1}})) << "without an end";
  EXPECT_FALSE(build({{0x88, 0x11, 1}, {0x8c, 0x11, 1}})) << "two beginnings";
  EXPECT_FALSE(build({{0x88, 0x11, 1}, {0x84, 0x12, 1}})) << "of two pictures";
  EXPECT_FALSE(build({{0x8c, 0x11, 1}, {0x8c, 0x11, 1}})) << "one layer twice";
  EXPECT_FALSE(build({{0xac, 0x11, 0x02, 0, 1}, {0xac, 0x11, 0x00, 0, 1}})) << "layers downwards";
  EXPECT_FALSE(build({{0xa8, 0x11, 0x00, 0, 1}, {0xa4, 0x11, 0x02, 0, 1}})) << "a layer in another one";
}

TEST(Vp9Packetizer, WritesNonFlexibleDescriptorsWithLongPictureIds) {
  PacketPool pool;
  std::vector<Packet> packets;
  const PacketizerOptions options{.max_payload = 20, .picture_id = 0x1234};
  PayloadSink sink(options, pool, packets);
  ASSERT_TRUE(packetize_vp9({.codec = CodecType::kVp9, .payload = Bytes(40, 7)}, options, sink));
  ASSERT_EQ(packets.size(), 3U);
  const std::array<std::uint8_t, 3> flags{0xc8, 0xc0, 0xc4};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(packets[i].bytes()[0], flags[i]);
    EXPECT_EQ(packets[i].bytes()[1], 0x92);
    EXPECT_EQ(packets[i].bytes()[2], 0x34);
    EXPECT_EQ(packets[i].headroom(), Packet::kHeadroom);
  }
}

}  // namespace
}  // namespace tidewire::media
