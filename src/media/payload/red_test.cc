// Redundant sound (RFC 2198): what is written is read, and what lies is refused.
#include "media/payload/red.h"

#include <gtest/gtest.h>

#include "media/audio_redundancy.h"
#include "media/payload/opus.h"

namespace tidewire::media {
namespace {

constexpr rtp::PayloadType kOpus{111};

TEST(Red, ReadsWhatItWrites) {
  PacketPool pool;
  Packet packet = pool.make();
  const Bytes oldest{1, 2, 3};
  const Bytes older{4, 5};
  const Bytes frame{6, 7, 8, 9};
  const std::array<RedBlock, 2> copies{{{kOpus, 1920, oldest}, {kOpus, 960, older}}};
  ASSERT_TRUE(write_red(packet, copies, {kOpus, 0, frame}));
  // RFC 2198 §3: F, payload type, offset << 10 | length
  const Bytes expected{0xef, 0x1e, 0x00, 0x03, 0xef, 0x0f, 0x00, 0x02, 0x6f, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  EXPECT_EQ(Bytes(packet.bytes().begin(), packet.bytes().end()), expected);
  const auto red = parse_red(packet.bytes());
  ASSERT_TRUE(red);
  ASSERT_EQ(red->copies().size(), 2U);
  EXPECT_EQ(red->copies()[0].offset, 1920U);
  EXPECT_EQ(red->copies()[1].offset, 960U);
  EXPECT_EQ(Bytes(red->copies()[0].payload.begin(), red->copies()[0].payload.end()), oldest);
  EXPECT_EQ(Bytes(red->copies()[1].payload.begin(), red->copies()[1].payload.end()), older);
  EXPECT_EQ(red->primary.payload_type, kOpus);
  EXPECT_EQ(Bytes(red->primary.payload.begin(), red->primary.payload.end()), frame);
}

TEST(Red, ReadsAPacketWithoutCopies) {
  const auto red = parse_red(Bytes{111, 5});
  ASSERT_TRUE(red);
  EXPECT_EQ(red->count, 0U);
  EXPECT_EQ(red->primary.payload.size(), 1U);
}

TEST(Red, RefusesWhatLies) {
  const std::vector<Bytes> cases{
      {},
      {111},                             // no frame
      {0xef},                            // a header that ends early
      {0xef, 0x0f, 0x00},                //
      {0xef, 0x0f, 0x00, 0x02},          // no last header
      {0xef, 0x0f, 0x00, 0x02, 111, 1},  // a length beyond the end
      {0xef, 0x0f, 0x00, 0x01, 111, 1},  // nothing left for the frame
      {0xef, 0x0f, 0xff, 0xff, 111, 1},  // the longest
      Bytes(1200, 0xff),                 // headers without end
  };
  for (const Bytes& payload : cases) EXPECT_FALSE(parse_red(payload)) << payload.size();
}

TEST(Red, RefusesMoreCopiesThanAnybodySends) {
  Bytes payload;
  for (std::size_t i = 0; i < kMaxRedCopies; ++i) payload.insert(payload.end(), {0xef, 0x0f, 0x00, 0x00});
  Bytes fits = payload;
  fits.insert(fits.end(), {111, 1});
  EXPECT_TRUE(parse_red(fits));
  payload.insert(payload.end(), {0xef, 0x0f, 0x00, 0x00, 111, 1});
  EXPECT_FALSE(parse_red(payload));
}

TEST(Red, WritesNothingThatDoesNotFitItsField) {
  PacketPool pool;
  const Bytes frame{1};
  const Bytes large(kMaxRedLength + 1, 1);
  Packet packet = pool.make();
  const RedBlock long_copy{kOpus, 960, large};
  EXPECT_FALSE(write_red(packet, std::span(&long_copy, 1), {kOpus, 0, frame}));
  const RedBlock far_copy{kOpus, kMaxRedOffset + 1, frame};
  EXPECT_FALSE(write_red(packet, std::span(&far_copy, 1), {kOpus, 0, frame}));
}

class Redundancy : public testing::Test {
 protected:
  // How many copies the packet has.
  std::size_t copies(std::uint32_t timestamp, std::size_t size, int distance, std::size_t room = 1100) {
    const Bytes frame(size, 7);
    const Packet packet = redundancy_.pack(kOpus, timestamp, frame, distance, room, pool_);
    if (!packet) return 0;
    EXPECT_LE(packet.size(), room);
    const auto red = parse_red(packet.bytes());
    EXPECT_TRUE(red && red->primary.payload.size() == size);
    return red ? red->count : 0;
  }

  PacketPool pool_;
  AudioRedundancy redundancy_;
};

TEST_F(Redundancy, RepeatsAsManyFramesAsAskedFor) {
  EXPECT_EQ(copies(0, 80, 2), 0U);
  EXPECT_EQ(copies(960, 80, 2), 1U);
  EXPECT_EQ(copies(1920, 80, 2), 2U);
  EXPECT_EQ(copies(2880, 80, 1), 1U);
  EXPECT_EQ(copies(3840, 80, 0), 0U);
  EXPECT_EQ(copies(4800, 80, 9), 2U);
  redundancy_.reset();
  EXPECT_EQ(copies(5760, 80, 2), 0U);
}

TEST_F(Redundancy, RepeatsNothingAcrossAPauseOrBeyondThePacket) {
  EXPECT_EQ(copies(0xffff'ff00, 80, 2), 0U);
  EXPECT_EQ(copies(0xffff'ff00 + 960, 80, 2), 1U);  // timestamps wrap
  EXPECT_EQ(copies(20'000, 80, 2), 0U);
  EXPECT_EQ(copies(20'960, 80, 2), 1U);
  EXPECT_EQ(copies(21'920, 500, 2, 590), 1U);
  EXPECT_EQ(copies(22'880, 80, 2, 584), 0U);
  EXPECT_EQ(copies(23'840, 80, 2, 200), 1U);
}

TEST(OpusRedundancy, IsToldByTheFirstBitsOfTheFrame) {
  struct Case {
    const char* name;
    Bytes packet;
    std::uint32_t covers;
  };
  const std::vector<Case> cases{
      {"empty", {}, 0},
      {"a table of contents alone", {0x08}, 0},
      {"SILK 20 ms with it", {0x08, 0x40}, 960},
      {"SILK 20 ms without", {0x08, 0x80}, 0},
      {"SILK 10 ms", {0x00, 0x40}, 480},
      {"SILK 60 ms: three bits of activity", {0x18, 0x10}, 2880},
      {"and the bit in the wrong place", {0x18, 0x40}, 0},
      {"stereo, in the second channel", {0x0c, 0x10}, 960},
      {"hybrid", {0x78, 0x40}, 960},
      {"CELT has none", {0xf8, 0x40}, 0},
      {"two frames of one size", {0x09, 0x40, 0x00}, 960},
      {"two of different sizes", {0x0a, 0x01, 0x40, 0x00}, 960},
      {"the first of two is long", {0x0a, 0xfc, 0x00, 0x40}, 960},
      {"any number", {0x0b, 0x01, 0x40}, 0},
  };
  for (const Case& c : cases) EXPECT_EQ(opus_redundancy(c.packet), c.covers) << c.name;
}

}  // namespace
}  // namespace tidewire::media
