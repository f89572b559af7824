#include <gtest/gtest.h>

#include <deque>
#include <random>

#include "congestion/feedback_generator.h"
#include "congestion/sent_packet_history.h"

namespace tidewire::congestion {
namespace {

using namespace std::chrono_literals;
using rtp::Ssrc;

Timestamp at(Duration d) { return Timestamp{d}; }

// A sender and a receiver of numbered packets; feedback arrives without delay unless a test delays it.
struct Pair {
  SentPacketHistory sender;
  FeedbackGenerator receiver;
  std::size_t lost = 0;
  std::size_t arrived = 0;

  std::size_t carry_feedback(Timestamp now, Duration delay = 0ms) {
    std::size_t packets = 0;
    for (;; ++packets) {
      Bytes buffer(1200);
      rtp::RtcpWriter writer(buffer);
      if (!receiver.write(writer, Ssrc(1), now)) return packets;
      rtp::RtcpReader reader(writer.written());
      const auto feedback = rtp::TransportFeedback::parse(*reader.next());
      EXPECT_TRUE(feedback);
      if (!feedback) return packets;
      for (const PacketResult& result : sender.handle_feedback(*feedback, now + delay)) {
        ++(result.arrival ? arrived : lost);
      }
    }
  }
};

TEST(FeedbackGenerator, ReportsAHundredMillisecondsAfterTheFirstPacketWhenFewCome) {
  FeedbackGenerator generator;
  EXPECT_EQ(generator.next_timeout(), kNever);
  generator.handle_packet(1, Ssrc(2), at(0ms));
  generator.handle_packet(2, Ssrc(2), at(20ms));
  EXPECT_EQ(generator.next_timeout(), at(100ms));
  Bytes buffer(1200);
  rtp::RtcpWriter writer(buffer);
  EXPECT_FALSE(generator.write(writer, Ssrc(1), at(99ms)));
  EXPECT_TRUE(generator.write(writer, Ssrc(1), at(100ms)));
  EXPECT_FALSE(generator.write(writer, Ssrc(1), at(100ms)));
  EXPECT_EQ(generator.next_timeout(), kNever);
}

TEST(FeedbackGenerator, ReportsAfterFiftyMillisecondsWhenManyCome) {
  FeedbackGenerator generator;
  for (std::uint16_t i = 0; i < FeedbackGenerator::kBusy; ++i) generator.handle_packet(i, Ssrc(2), at(1ms * i));
  EXPECT_EQ(generator.next_timeout(), at(50ms));
}

TEST(FeedbackGenerator, ReportsAgainThatALostPacketCameLate) {
  Pair pair;
  for (int i = 0; i < 3; ++i) (void)pair.sender.add(1000, at(0ms));
  pair.receiver.handle_packet(0, Ssrc(2), at(10ms));
  pair.receiver.handle_packet(2, Ssrc(2), at(11ms));
  EXPECT_EQ(pair.carry_feedback(at(200ms)), 1U);
  EXPECT_EQ(pair.sender.packets_lost(), 1U);
  pair.receiver.handle_packet(1, Ssrc(2), at(210ms));
  EXPECT_EQ(pair.carry_feedback(at(400ms)), 1U);
  EXPECT_EQ(pair.sender.packets_lost(), 0U);
  EXPECT_EQ(pair.sender.packets_acknowledged(), 3U);
}

TEST(FeedbackGenerator, KeepsAReportThatFoundNoRoom) {
  FeedbackGenerator generator;
  generator.handle_packet(1, Ssrc(2), at(0ms));
  Bytes small(8);
  rtp::RtcpWriter full(small);
  EXPECT_FALSE(generator.write(full, Ssrc(1), at(100ms)));
  Bytes buffer(1200);
  rtp::RtcpWriter writer(buffer);
  EXPECT_TRUE(generator.write(writer, Ssrc(1), at(100ms)));
}

// Any order, any loss, across the wrap: the sender learns the fate of each packet but those before the first
// that arrives, and never a wrong one.
TEST(TransportFeedbackLoop, TellsTheFateOfEveryPacket) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    std::mt19937_64 random(seed);
    Pair pair;
    std::size_t delivered = 0;
    Timestamp now{};
    std::deque<std::uint16_t> held;  // reordered by up to 5 packets
    const std::size_t total = 70'000;
    for (std::size_t i = 0; i < total; ++i) {
      now += Duration{static_cast<std::int64_t>(random() % 2'000'000)};
      const std::uint16_t number = pair.sender.add(1000, now);
      const bool last = i + 1 == total;
      if (i == 0 || last || random() % 10 != 0) held.push_back(number);
      while (held.size() > (last ? 0 : random() % 5)) {
        const std::size_t pick = random() % held.size();
        pair.receiver.handle_packet(held[pick], Ssrc(2), now);
        held.erase(held.begin() + static_cast<std::ptrdiff_t>(pick));
        ++delivered;
      }
      pair.carry_feedback(now);
    }
    pair.carry_feedback(now + 1s);
    EXPECT_EQ(pair.sender.packets_acknowledged(), delivered) << seed;
    EXPECT_EQ(pair.sender.packets_lost(), total - delivered) << seed;
  }
}

TEST(TransportFeedbackLoop, SurvivesAJumpOfNumbers) {
  FeedbackGenerator generator;
  Bytes buffer(1200);
  std::mt19937_64 random(3);
  Timestamp now{};
  for (int i = 0; i < 20'000; ++i) {
    now += 1ms;
    generator.handle_packet(static_cast<std::uint16_t>(random()), Ssrc(2), now);
    rtp::RtcpWriter writer(buffer);
    int reports = 0;
    while (generator.write(writer, Ssrc(1), now)) {
      writer = rtp::RtcpWriter(buffer);
      ASSERT_LT(++reports, 100);
    }
  }
}

TEST(SentPacketHistory, DisbelievesFeedbackAboutWhatWasNotSent) {
  SentPacketHistory history;
  (void)history.add(100, at(0ms));
  (void)history.add(100, at(0ms));
  rtp::TransportFeedbackBuilder builder;
  builder.start(0, 0ms, 0);
  for (std::uint16_t i = 0; i < 300; ++i) ASSERT_TRUE(builder.add(i, 1ms * i));
  Bytes buffer(1200);
  rtp::RtcpWriter writer(buffer);
  ASSERT_TRUE(builder.write(writer, Ssrc(1), Ssrc(2)));
  rtp::RtcpReader reader(writer.written());
  EXPECT_EQ(history.handle_feedback(*rtp::TransportFeedback::parse(*reader.next()), at(50ms)).size(), 2U);
  EXPECT_EQ(history.packets_acknowledged(), 2U);
  EXPECT_EQ(history.round_trip_time(), 50ms);
}

}  // namespace
}  // namespace tidewire::congestion
