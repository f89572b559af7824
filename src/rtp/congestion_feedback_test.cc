#include "rtp/congestion_feedback.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace tidewire::rtp {
namespace {

using namespace std::chrono_literals;

std::vector<std::uint8_t> packet_of(std::vector<std::uint8_t> body) {
  std::vector<std::uint8_t> bytes{0x8b, 205, 0, static_cast<std::uint8_t>(body.size() / 4)};
  bytes.insert(bytes.end(), body.begin(), body.end());
  return bytes;
}

std::optional<CongestionFeedback> parse(const std::vector<std::uint8_t>& bytes) {
  RtcpReader reader(bytes);
  const auto packet = reader.next();
  return packet ? CongestionFeedback::parse(*packet) : std::nullopt;
}

TEST(CongestionFeedback, ReadsStreamsWithTheirPacketsTimesAndMarks) {
  const auto bytes = packet_of({0,    0,    0,    1,                       // sender
                                0,    0,    0,    0x10, 0xff, 0xff, 0, 3,  // numbers 65535, 0, 1 …
                                0x80, 0,    0x7f, 0xff, 0xa4, 0x00, 0, 0,  // came now; did not; ECT(1), a second ago
                                0,    0,    0,    0x20, 0,    5,    0, 0,  // nothing about another stream
                                0,    0,    0,    0x30, 0,    9,    0, 2,  //
                                0xff, 0xff, 0xdf, 0xfe,                    // CE, at a time unknown; ECT(0), long ago
                                0x12, 0x34, 0x56, 0x78});
  auto feedback = parse(bytes);
  ASSERT_TRUE(feedback);
  EXPECT_EQ(feedback->sender, Ssrc(1));
  EXPECT_EQ(feedback->timestamp, 0x12345678U);
  using Arrival = CongestionFeedback::Arrival;
  const auto first = feedback->next();
  ASSERT_TRUE(first && first->size() == 3);
  EXPECT_EQ(first->media, Ssrc(0x10));
  EXPECT_EQ((*first)[0], (Arrival{65535, true, Ecn::kNotEct, 0ns}));
  EXPECT_EQ((*first)[1], (Arrival{0, false, Ecn::kNotEct, 0ns}));
  EXPECT_EQ((*first)[2], (Arrival{1, true, Ecn::kEct1, 1s}));
  const auto second = feedback->next();
  ASSERT_TRUE(second && second->size() == 0);
  const auto third = feedback->next();
  ASSERT_TRUE(third && third->size() == 2);
  EXPECT_EQ((*third)[0], (Arrival{9, true, Ecn::kCe, 0ns}));
  EXPECT_EQ((*third)[1], (Arrival{10, true, Ecn::kEct0, Duration{8190 * 1'000'000'000LL / 1024}}));
  EXPECT_FALSE(feedback->next());
}

TEST(CongestionFeedback, IsRefusedWhenItsLengthsLie) {
  const std::vector<std::vector<std::uint8_t>> bodies = {
      {},
      {0, 0, 0, 1},                                                     // no time
      {0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 9},                             // a block of an SSRC alone
      {0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0x80, 0, 0, 0, 0, 0, 0, 9},  // three, of which two are there
      {0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0xff, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 9},
  };
  for (const auto& body : bodies) EXPECT_FALSE(parse(packet_of(body))) << body.size();
}

TEST(CongestionFeedback, ReportsOnAQuarterOfTheNumbersAtMost) {
  for (const std::size_t count : {CongestionFeedback::kMaxReports, CongestionFeedback::kMaxReports + 2}) {
    std::vector<std::uint8_t> bytes(4 + 4 + 8 + count * 2 + 4);
    bytes[0] = 0x8b;
    bytes[1] = 205;
    bytes[2] = static_cast<std::uint8_t>((bytes.size() / 4 - 1) >> 8);
    bytes[3] = static_cast<std::uint8_t>(bytes.size() / 4 - 1);
    bytes[14] = static_cast<std::uint8_t>(count >> 8);
    bytes[15] = static_cast<std::uint8_t>(count);
    EXPECT_EQ(parse(bytes).has_value(), count <= CongestionFeedback::kMaxReports);
  }
}

TEST(CongestionFeedback, IsOfItsOwnFormatOnly) {
  auto bytes = packet_of({0, 0, 0, 1, 0, 0, 0, 9});
  EXPECT_TRUE(parse(bytes));
  bytes[0] = 0x8f;  // transport-wide
  EXPECT_FALSE(parse(bytes));
  bytes[0] = 0x8b;
  bytes[1] = 206;
  EXPECT_FALSE(parse(bytes));
}

TEST(CongestionFeedbackBuilder, SaysWhatTheParserReads) {
  const Timestamp now{100s};
  CongestionFeedbackBuilder builder(1150);
  builder.start(now, NtpTime{0xaabb'1122'3344'5566});
  EXPECT_TRUE(builder.empty());
  ASSERT_TRUE(builder.begin(Ssrc(7), 65534));
  struct Case {
    CongestionFeedbackBuilder::Arrival arrival;
    Duration read;
  };
  const std::vector<Case> cases = {
      {{true, Ecn::kEct1, now - 500ms}, 500ms},
      {{false, Ecn::kNotEct, {}}, 0s},
      {{true, Ecn::kCe, now + 1ms}, 0s},                                          // after the report's time
      {{true, Ecn::kNotEct, now - 1h}, Duration{8190 * 1'000'000'000LL / 1024}},  // too long ago to say
      {{true, Ecn::kEct0, now - 1600us}, Duration{2 * 1'000'000'000LL / 1024}},   // the nearest that can be said
  };
  for (const Case& c : cases) ASSERT_TRUE(builder.add(c.arrival));
  ASSERT_TRUE(builder.begin(Ssrc(8), 3));
  ASSERT_TRUE(builder.add({true, Ecn::kEct1, now}));
  std::array<std::uint8_t, 1150> buffer{};
  RtcpWriter writer(buffer);
  ASSERT_TRUE(builder.write(writer, Ssrc(1)));
  EXPECT_EQ(writer.size(), 4U + 4 + (8 + 12) + (8 + 4) + 4);
  RtcpReader reader(writer.written());
  auto feedback = CongestionFeedback::parse(*reader.next());
  ASSERT_TRUE(feedback);
  EXPECT_EQ(feedback->timestamp, 0x11223344U);
  const auto block = feedback->next();
  ASSERT_TRUE(block && block->size() == cases.size());
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const auto arrival = (*block)[i];
    EXPECT_EQ(arrival.sequence_number, static_cast<std::uint16_t>(65534 + i));
    EXPECT_EQ(arrival.received, cases[i].arrival.received);
    EXPECT_EQ(arrival.ecn, cases[i].arrival.ecn);
    EXPECT_EQ(arrival.before_report, cases[i].read) << i;
  }
  EXPECT_TRUE(feedback->next());
  EXPECT_FALSE(feedback->next());
}

TEST(CongestionFeedbackBuilder, StopsWhereThePacketIsFull) {
  CongestionFeedbackBuilder builder(60);
  builder.start(Timestamp{1s}, NtpTime{});
  ASSERT_TRUE(builder.begin(Ssrc(7), 0));
  std::size_t added = 0;
  while (builder.add({true, Ecn::kEct1, Timestamp{1s}})) ++added;
  EXPECT_EQ(added, (60U - 20) / 2);
  EXPECT_FALSE(builder.begin(Ssrc(8), 0));
  std::array<std::uint8_t, 60> buffer{};
  RtcpWriter writer(buffer);
  EXPECT_TRUE(builder.write(writer, Ssrc(1)));
  EXPECT_EQ(writer.size(), 60U);
  RtcpWriter full{MutableByteView(buffer).first(56)};
  EXPECT_FALSE(builder.write(full, Ssrc(1)));
  EXPECT_EQ(full.size(), 0U);
}

}  // namespace
}  // namespace tidewire::rtp
