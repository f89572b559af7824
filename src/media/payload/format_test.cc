// Every codec's frames cut and put together again.
#include "media/payload/format.h"

#include <gtest/gtest.h>

#include "media/frames_for_test.h"
#include "media/payload/g711.h"

namespace tidewire::media {
namespace {

constexpr std::array kAll{CodecType::kOpus, CodecType::kPcmu, CodecType::kPcma, CodecType::kVp8,
                          CodecType::kVp9,  CodecType::kH264, CodecType::kAv1};

class EveryFormat : public testing::TestWithParam<CodecType> {};

TEST_P(EveryFormat, MakesTheSameFrameOfItsPayloads) {
  const CodecType codec = GetParam();
  std::mt19937_64 random(7);
  PacketPool pool;
  std::vector<Packet> packets;
  for (int round = 0; round < 300; ++round) {
    const bool audio = kind_of(codec) == MediaKind::kAudio;
    const EncodedFrame frame = frame_of(codec, round % 3 == 0, random() % 5000, random);
    const PacketizerOptions options{.max_payload = audio ? 1100 : 40 + random() % 1200};
    ASSERT_TRUE(packetize(frame, options, pool, packets));
    FrameBuilder builder(codec);
    Bytes built;
    for (const Packet& packet : packets) {
      ASSERT_LE(packet.size(), options.max_payload);
      ASSERT_EQ(packet.headroom(), Packet::kHeadroom);
      const auto info = parse_payload(codec, packet.bytes());
      ASSERT_TRUE(info);
      if (&packet == &packets.front()) {
        ASSERT_TRUE(info->may_begin);
      }
      ASSERT_TRUE(builder.add(packet.bytes(), built));
    }
    ASSERT_TRUE(builder.finish(built));
    ASSERT_EQ(built, frame.payload) << "round " << round;
  }
}

TEST_P(EveryFormat, RefusesAFrameOfMorePacketsThanItMayHave) {
  std::mt19937_64 random(7);
  PacketPool pool;
  std::vector<Packet> packets;
  const auto result =
      packetize(frame_of(GetParam(), true, 10'000, random), {.max_payload = 100, .max_packets = 50}, pool, packets);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kOperation);
}

TEST_P(EveryFormat, RefusesPayloadsOfNothing) {
  EXPECT_FALSE(parse_payload(GetParam(), {}));
  Bytes frame;
  EXPECT_FALSE(FrameBuilder(GetParam()).add({}, frame));
}

INSTANTIATE_TEST_SUITE_P(Codecs, EveryFormat, testing::ValuesIn(kAll),
                         [](const auto& codec) { return std::string(to_string(codec.param)); });

TEST(G711, LastsAsManyTicksAsItHasBytes) {
  EXPECT_EQ(g711_duration({}), std::nullopt);
  EXPECT_EQ(g711_duration(Bytes(160)), 160U);
  EXPECT_EQ(g711_duration(Bytes(1600)), 1600U);
  EXPECT_EQ(g711_duration(Bytes(1601)), std::nullopt);
  EXPECT_EQ(payload_duration(CodecType::kPcmu, Bytes(80)), 80U);
  EXPECT_EQ(payload_duration(CodecType::kVp8, Bytes(80)), std::nullopt);
}

}  // namespace
}  // namespace tidewire::media
