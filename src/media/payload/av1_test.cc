// Payloads of AV1: the aggregation header and its elements, what must be refused, and sequence headers.
#include "media/payload/av1.h"

#include <gtest/gtest.h>

#include "media/payload/av1_obu.h"
#include "media/payload/bits_for_test.h"

namespace tidewire::media {
namespace {

// Profile 0, one operating point, 640 × 480.
Bytes sequence_header(std::uint32_t width = 640, std::uint32_t height = 480) {
  BitWriter writer;
  writer.bits(3, 0).bits(1, 0).bits(1, 0).bits(1, 0).bits(1, 0).bits(5, 0).bits(12, 0).bits(5, 4);
  return writer.bits(4, 15).bits(4, 15).bits(16, width - 1).bits(16, height - 1).bits(4, 0).bytes();
}
Bytes concat(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}
// An element: with its length, when it is told.
Bytes element(const Bytes& obu) { return concat({{static_cast<std::uint8_t>(obu.size())}, obu}); }
Bytes sequence_obu() { return concat({{0x08}, sequence_header()}); }
// In a temporal unit: with its size.
Bytes sized_sequence_obu() {
  return concat({{0x0a, static_cast<std::uint8_t>(sequence_header().size())}, sequence_header()});
}

TEST(Av1Payload, TellsWhatItIsPartOf) {
  const auto key = parse_av1_payload(concat({{0x28}, element(sequence_obu()), {0x30, 0x10, 1}}));
  ASSERT_TRUE(key);
  EXPECT_TRUE(key->may_begin && key->begins && key->key_frame && key->decodable_from_here);
  EXPECT_EQ(key->width, 640);
  EXPECT_EQ(key->height, 480);
  const auto unmarked = parse_av1_payload(concat({{0x20}, element(sequence_obu()), {0x30, 0x10, 1}}));
  EXPECT_TRUE(unmarked->key_frame && !unmarked->begins) << "N may be missing";
  const auto repeated = parse_av1_payload(concat({{0x20}, element(sequence_obu()), {0x30, 0x30, 1}}));
  EXPECT_FALSE(repeated->key_frame) << "a sequence header before an inter frame";
  const auto inter = parse_av1_payload(Bytes{0x10, 0x30, 0x30, 1});
  EXPECT_TRUE(inter->may_begin && !inter->key_frame && !inter->begins);
  EXPECT_FALSE(parse_av1_payload(Bytes{0x90, 1, 2, 3})->may_begin) << "a continuation";
  const auto layered = parse_av1_payload(Bytes{0x10, 0x34, 0x48, 0x30, 1});
  EXPECT_EQ(layered->temporal_layer, 2);
  EXPECT_EQ(layered->spatial_layer, 1);
}

TEST(Av1Payload, RefusesWhatCannotBe) {
  const std::vector<std::pair<const char*, Bytes>> cases{
      {"nothing", {}},
      {"an aggregation header alone", {0x10}},
      {"a continuation that begins a sequence", {0x98, 1, 2}},
      {"a length beyond the end", {0x00, 5, 0x30, 1}},
      {"a length that overflows", {0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 1}},
      {"a length above 32 bits", {0x00, 0xff, 0xff, 0xff, 0xff, 0x7f, 1}},
      {"a length cut short", {0x00, 0x80}},
      {"fewer elements than told", {0x20, 2, 0x30, 1}},
      {"the forbidden bit", {0x10, 0xb0, 1}},
      {"a size of its own that is cut", {0x10, 0x32, 0xff}},
      {"a sequence header cut short", {0x18, 0x08, 0, 0}},
      {"pictures beyond reason", concat({{0x18, 0x08}, sequence_header(65'536, 480)})},
  };
  for (const auto& [name, bytes] : cases) EXPECT_FALSE(parse_av1_payload(bytes)) << name;
}

TEST(Av1PictureSize, IsReadFromEveryForm) {
  EXPECT_EQ(av1_picture_size(sequence_header(1920, 1080)), (PictureSize{1920, 1080}));
  BitWriter still;
  still.bits(3, 0).bits(1, 1).bits(1, 1).bits(5, 3).bits(4, 9).bits(4, 8).bits(10, 639).bits(9, 479);
  EXPECT_EQ(av1_picture_size(still.bytes()), (PictureSize{640, 480}));
  BitWriter full;  // timing, decoder model, delays, two operating points, one of a level with tiers
  full.bits(3, 0).bits(1, 0).bits(1, 0).bits(1, 1).bits(32, 1).bits(32, 30).bits(1, 1).golomb(0);
  full.bits(1, 1).bits(5, 9).bits(32, 1).bits(5, 9).bits(5, 9).bits(1, 1).bits(5, 1);
  full.bits(12, 0x101).bits(5, 9).bits(1, 0).bits(1, 1).bits(10, 1).bits(10, 1).bits(1, 0).bits(1, 1).bits(4, 3);
  full.bits(12, 0x103).bits(5, 4).bits(1, 0).bits(1, 0);
  full.bits(4, 10).bits(4, 10).bits(11, 1279).bits(11, 719);
  EXPECT_EQ(av1_picture_size(full.bytes()), (PictureSize{1280, 720}));
}

std::optional<Bytes> build(std::initializer_list<Bytes> payloads) {
  Av1FrameBuilder builder;
  Bytes frame;
  for (const Bytes& payload : payloads) {
    if (!builder.add(payload, frame)) return std::nullopt;
  }
  return builder.finish() ? std::optional(frame) : std::nullopt;
}

TEST(Av1FrameBuilder, GivesObusTheirSizes) {
  EXPECT_EQ(build({concat({{0x28}, element(sequence_obu()), {0x30, 1, 2}})}),
            concat({sized_sequence_obu(), {0x32, 2, 1, 2}}));
  EXPECT_EQ(build({{0x00, 3, 0x30, 1, 2, 2, 0x30, 3}}), (Bytes{0x32, 2, 1, 2, 0x32, 1, 3})) << "W is 0";
  EXPECT_EQ(build({{0x50, 0x34, 0x08, 1}, {0xd0, 2}, {0xa0, 1, 3, 0x30, 4}}),
            (Bytes{0x36, 0x08, 3, 1, 2, 3, 0x32, 1, 4}))
      << "an OBU in three packets, with an extension";
  EXPECT_EQ(build({{0x10, 0x32, 2, 1, 2}}), (Bytes{0x32, 2, 1, 2})) << "it has its size already";
  EXPECT_EQ(build({{0x20, 1, 0x10, 0x30, 1}}), (Bytes{0x32, 1, 1})) << "a temporal delimiter";
  Bytes long_one(202, 7);
  long_one[0] = 0x10;
  long_one[1] = 0x30;
  const auto built = build({long_one});
  ASSERT_TRUE(built);
  EXPECT_EQ(Bytes(built->begin(), built->begin() + 4), (Bytes{0x32, 0xc8, 0x01, 7})) << "a size of two bytes";
}

TEST(Av1FrameBuilder, RefusesWhatDoesNotFollow) {
  EXPECT_FALSE(build({{0x90, 1, 2}})) << "without a beginning";
  EXPECT_FALSE(build({{0x50, 0x30, 1}})) << "without an end";
  EXPECT_FALSE(build({{0x50, 0x30, 1}, {0x10, 0x30, 2}})) << "not continued";
  EXPECT_FALSE(build({{0x10, 0x30, 1}, {0x90, 2, 3}})) << "continued after its end";
  EXPECT_FALSE(build({{0x10, 0x32, 3, 1, 2}})) << "a size that is not the element's";
  EXPECT_FALSE(build({{0x50, 0x34}, {0x10, 1, 1}})) << "without its extension";
}

TEST(Av1Packetizer, EndsPacketsWithinObus) {
  Bytes frame = concat({{0x12, 0x00}, sized_sequence_obu(), {0x32, 100}});
  frame.resize(frame.size() + 100, 0x10);
  frame.insert(frame.end(), {0x32, 3, 0x30, 1, 2});
  for (std::size_t max = 16; max < 140; ++max) {
    PacketPool pool;
    std::vector<Packet> packets;
    const PacketizerOptions options{.max_payload = max};
    PayloadSink sink(options, pool, packets);
    ASSERT_TRUE(packetize_av1(frame, true, sink));
    for (std::size_t i = 0; i < packets.size(); ++i) {
      const std::uint8_t head = packets[i].bytes()[0];
      EXPECT_LE(packets[i].size(), max);
      EXPECT_EQ((head & 0x08U) != 0, i == 0) << "N";
      EXPECT_EQ((head & 0x80U) != 0, i > 0) << "Z, with at most " << max;
      EXPECT_EQ((head & 0x40U) != 0, i + 1 < packets.size()) << "Y, with at most " << max;
    }
  }
}

TEST(Av1Packetizer, KeepsLayersApart) {
  const Bytes frame{0x36, 0x00, 1, 1, 0x36, 0x08, 1, 2, 0x36, 0x08, 1, 3};
  PacketPool pool;
  std::vector<Packet> packets;
  PayloadSink sink({}, pool, packets);
  ASSERT_TRUE(packetize_av1(frame, false, sink));
  ASSERT_EQ(packets.size(), 2U);
  EXPECT_EQ(Bytes(packets[0].bytes().begin(), packets[0].bytes().end()), (Bytes{0x10, 0x34, 0x00, 1}));
  EXPECT_EQ(Bytes(packets[1].bytes().begin(), packets[1].bytes().end()),
            (Bytes{0x20, 3, 0x34, 0x08, 2, 0x34, 0x08, 3}));
}

TEST(Av1Packetizer, RefusesWhatIsNoTemporalUnit) {
  for (const Bytes& frame : {Bytes{0x32, 5, 1}, Bytes{0xb2, 1, 1}, Bytes{0x36}, Bytes{0x32, 0x80}}) {
    PacketPool pool;
    std::vector<Packet> packets;
    PayloadSink sink({}, pool, packets);
    const auto result = packetize_av1(frame, false, sink);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kEncoding);
  }
}

}  // namespace
}  // namespace tidewire::media
