#include "rtp/transport_feedback.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace tidewire::rtp {
namespace {

using namespace std::chrono_literals;

std::optional<TransportFeedback> parse(ByteView bytes) {
  RtcpReader reader(bytes);
  const auto packet = reader.next();
  return packet ? TransportFeedback::parse(*packet) : std::nullopt;
}

std::map<std::uint16_t, Duration> read(TransportFeedback feedback) {
  std::map<std::uint16_t, Duration> arrivals;
  while (const auto arrival = feedback.next()) arrivals[arrival->sequence_number] = arrival->time;
  return arrivals;
}

// Header, sender 1, media 2, base 10, `count` statuses, reference time 1 (64 ms), feedback packet 7.
Bytes packet_with(std::uint8_t count, Bytes chunks_and_deltas) {
  Bytes bytes{0x8f, 205, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 10, 0, count, 0, 0, 1, 7};
  for (const std::uint8_t byte : chunks_and_deltas) bytes.push_back(byte);
  while (bytes.size() % 4 != 0) bytes.push_back(0);
  bytes[3] = static_cast<std::uint8_t>(bytes.size() / 4 - 1);
  return bytes;
}

TEST(TransportFeedback, ReadsEachChunkOfTheDraft) {
  struct Case {
    const char* name;
    std::uint8_t count;
    Bytes bytes;
    std::map<std::uint16_t, Duration> arrivals;
  };
  const std::vector<Case> cases{
      // draft §3.1.3: 00 1 0000000000010: a run of 2, small deltas
      {"run received", 2, {0x20, 0x02, 4, 8}, {{10, 65ms}, {11, 67ms}}},
      {"run not received", 200, {0x00, 200}, {}},
      {"run of large deltas", 1, {0x40, 0x01, 0xff, 0xfc}, {{10, 63ms}}},
      {"run longer than the count", 1, {0x20, 0x09, 4}, {{10, 65ms}}},
      {"empty run before another", 1, {0x20, 0x00, 0x20, 0x01, 4}, {{10, 65ms}}},
      // 1 0 01 0000 0000 0000: the second of fourteen
      {"one-bit vector", 14, {0x90, 0x00, 4}, {{11, 65ms}}},
      // 1 1 01 10 00 00 00 00 01
      {"two-bit vector", 7, {0xd8, 0x01, 4, 0, 8, 4}, {{10, 65ms}, {11, 67ms}, {16, 68ms}}},
      {"vector longer than the count", 1, {0xbf, 0xff, 4}, {{10, 65ms}}},
      {"reserved symbol counts as not received", 2, {0xf4, 0x00, 4}, {{11, 65ms}}},
  };
  for (const Case& c : cases) {
    const Bytes packet = packet_with(c.count, c.bytes);
    const auto feedback = parse(packet);
    ASSERT_TRUE(feedback) << c.name;
    EXPECT_EQ(read(*feedback), c.arrivals) << c.name;
  }
}

// Browsers say how much they add to make it a multiple of four.
TEST(TransportFeedback, ReadsWhatIsPaddedByAnyNumberOfBytes) {
  for (std::uint8_t count = 1; count <= 8; ++count) {
    Bytes content{0x20, count};
    content.insert(content.end(), count, 4);
    Bytes packet = packet_with(count, content);
    if (const std::size_t added = packet.size() - 20 - content.size(); added > 0) {
      packet[0] |= 0x20U;
      packet.back() = static_cast<std::uint8_t>(added);
    }
    const auto feedback = parse(packet);
    ASSERT_TRUE(feedback) << int{count};
    EXPECT_EQ(read(*feedback).size(), count);
  }
}

TEST(TransportFeedback, RefusesChunksOrDeltasThatAreMissing) {
  EXPECT_FALSE(parse(packet_with(1, {})));
  EXPECT_FALSE(parse(packet_with(15, {0xa0, 0x00, 0, 0})));  // one chunk of fourteen, then a delta read as a chunk …
  EXPECT_FALSE(parse(packet_with(3, {0x20, 0x03})));         // three deltas, none there
  EXPECT_FALSE(parse(packet_with(2, {0x40, 0x02, 0, 1})));   // two large deltas, one there
  EXPECT_TRUE(parse(packet_with(0, {})));
}

TEST(TransportFeedback, LongRunsOfNothingCostNoTime) {
  Bytes chunks;
  for (int i = 0; i < 9; ++i) chunks.insert(chunks.end(), {0x1f, 0xff});
  Bytes packet = packet_with(0, chunks);
  packet[14] = packet[15] = 0xff;
  const auto feedback = parse(packet);
  ASSERT_TRUE(feedback);
  EXPECT_EQ(feedback->status_count, 65535);
  EXPECT_TRUE(read(*feedback).empty());
}

// Whatever is added to builders comes out of the parser, to a quarter of a millisecond.
TEST(TransportFeedback, RoundTripsAnyArrivals) {
  std::mt19937_64 random(20240607);
  for (int round = 0; round < 500; ++round) {
    std::map<std::uint16_t, Duration> sent;
    TransportFeedbackBuilder builder;
    std::uint16_t number = static_cast<std::uint16_t>(random());
    Duration time{static_cast<std::int64_t>(random() % 1'000'000'000'000)};
    const std::uint64_t loss = random() % 100;
    const std::int64_t spread = std::array{1'000'000LL, 50'000'000LL, 4'000'000'000LL}[random() % 3];
    builder.start(number, time, static_cast<std::uint8_t>(round));
    for (std::uint64_t n = random() % 500; n > 0; --n, ++number) {
      if (random() % 100 < loss) continue;
      time += Duration{static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(spread)) - spread / 4};
      if (time < 0s || !builder.add(number, time)) break;
      sent[number] = time;
    }
    Bytes buffer(1200);
    RtcpWriter writer(buffer);
    ASSERT_EQ(builder.write(writer, Ssrc(1), Ssrc(2)), !sent.empty());
    if (sent.empty()) continue;
    const auto feedback = parse(writer.written());
    ASSERT_TRUE(feedback) << round;
    const auto arrivals = read(*feedback);
    ASSERT_EQ(arrivals.size(), sent.size()) << round;
    // The wire carries 24 bits of the reference time.
    const Duration wrap = TransportFeedback::kReferenceTick * (1 << 24);
    for (const auto& [key, value] : sent) {
      const auto found = arrivals.find(key);
      ASSERT_NE(found, arrivals.end()) << round;
      Duration error = (value - found->second) % wrap;
      if (error < 0s) error += wrap;
      EXPECT_LT(error, TransportFeedback::kTick) << round;
    }
  }
}

TEST(TransportFeedbackBuilder, RefusesWhatOnePacketCannotSay) {
  TransportFeedbackBuilder builder;
  builder.start(100, 0ms, 0);
  EXPECT_TRUE(builder.add(101, 1ms));
  EXPECT_FALSE(builder.add(101, 2ms)) << "twice";
  EXPECT_FALSE(builder.add(100, 2ms)) << "backwards";
  EXPECT_FALSE(builder.add(102, 9s)) << "more than 8.19 s later";
  EXPECT_FALSE(builder.add(static_cast<std::uint16_t>(100 + TransportFeedbackBuilder::kMaxStatuses), 2ms))
      << "too many";
  EXPECT_TRUE(builder.add(102, 0ms)) << "earlier is fine";
}

}  // namespace
}  // namespace tidewire::rtp
