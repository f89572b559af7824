// Whole associations on bad paths in virtual time: how soon what is lost comes, and what the window makes of it.
#include <gtest/gtest.h>

#include "sctp/packet/chunk.h"
#include "sctp/path_for_test.h"

namespace tidewire::sctp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

PathOptions path_of(std::uint64_t megabits, int rtt_ms, double queue_in_bdp) {
  PathOptions options;
  options.bits_per_second = megabits * 1'000'000;
  options.rtt = milliseconds(rtt_ms);
  options.queue_bytes =
      static_cast<std::size_t>(static_cast<double>(megabits) * 125 * static_cast<double>(rtt_ms) * queue_in_bdp);
  // The numbers wrap early on.
  options.a.initial_tsn = 0xffffff00;
  return options;
}

// What a packet carries of one message.
constexpr std::size_t kFullChunk = 1188 - kCommonHeaderSize - kInterleavedDataHeaderSize;

bool has_data(ByteView packet) {
  ChunkReader reader(packet.subspan(kCommonHeaderSize));
  while (const auto chunk = reader.next()) {
    if (chunk->type == ChunkType::kData || chunk->type == ChunkType::kInterleavedData) return true;
  }
  return false;
}

OutgoingMessage message_of(std::size_t size) { return {StreamId(0), Ppid(53), Bytes(size), {}}; }

// Loses the data packets with these numbers, from 1, among those that a sends from now on.
struct Loser {
  Loser(Path& path, std::vector<int> lost) : lost_(std::move(lost)) {
    path.tap = [this](bool from_a, ByteView packet) {
      return from_a && has_data(packet) && std::find(lost_.begin(), lost_.end(), ++seen) != lost_.end();
    };
  }
  int seen = 0;

 private:
  std::vector<int> lost_;
};

struct Tail {
  const char* name;
  std::size_t size;
  std::vector<int> lost;
  int rtts;  // in tenths: when the message is there at the latest
};

TEST(SctpRecovery, RepairsTheTailOfAMessageWithoutATimeout) {
  const std::vector<Tail> tails{
      {"the only packet", 500, {1}, 27},
      {"the last of five", 5 * kFullChunk, {5}, 32},
      {"the last three of eight", 8 * kFullChunk, {6, 7, 8}, 42},
      {"all of five", 5 * kFullChunk, {1, 2, 3, 4, 5}, 47},
      {"one in the middle", 8 * kFullChunk, {4}, 22},
      {"the first", 8 * kFullChunk, {1}, 22},
      {"the last, and the probe", 5 * kFullChunk, {5, 6}, 55},
      {"one in the middle, and its retransmission", 9 * kFullChunk, {4, 10}, 47},
  };
  for (const Tail& tail : tails) {
    Path path(path_of(100, 100, 1));
    path.connect();
    path.run_for(milliseconds(500));
    Loser loser(path, tail.lost);
    const Timestamp start = path.now;
    ASSERT_TRUE(path.a.send(message_of(tail.size), path.now).has_value());
    ASSERT_TRUE(path.run_while([&] { return path.received_messages == 0; }, seconds(5))) << tail.name;
    EXPECT_LE(path.now - start, milliseconds(10 * tail.rtts)) << tail.name;
    EXPECT_EQ(path.a.stats().timeouts, 0U) << tail.name;
    path.run_for(seconds(2));
    EXPECT_EQ(path.a.stats().flight_size, 0U) << tail.name;
    EXPECT_EQ(path.b.stats().duplicates_received, 0U) << tail.name;
    EXPECT_GE(loser.seen, 1) << tail.name;
  }
}

TEST(SctpRecovery, ProbesNoPeerThatAnswersInTime) {
  Path path(path_of(100, 100, 1));
  path.connect();
  for (std::size_t i = 0; i < 50; ++i) {
    ASSERT_TRUE(path.a.send(message_of(1 + i * 97), path.now).has_value());
    path.run_for(milliseconds(37));
  }
  path.run_for(seconds(1));
  EXPECT_EQ(path.received_messages, 50U);
  EXPECT_EQ(path.a.stats().chunks_retransmitted, 0U);
  EXPECT_EQ(path.a.stats().tail_probes, 0U);
}

TEST(SctpRecovery, FillsALongFatPath) {
  struct Case {
    double queue;
    double share;
  };
  for (const auto& [queue, share] : {Case{1, 0.9}, Case{0.2, 0.85}}) {
    Path path(path_of(40, 100, queue));
    path.connect();
    path.measure(seconds(3));
    const PathReport report = path.measure(seconds(5));
    EXPECT_GT(report.goodput, share * 40e6) << queue;
    EXPECT_EQ(report.timeouts, 0U) << queue;
  }
}

TEST(SctpRecovery, HoldsItsRateWhenThePathLosesAtRandom) {
  PathOptions options = path_of(50, 50, 1);
  options.loss = 0.001;
  Path path(options);
  path.connect();
  path.measure(seconds(3));
  const PathReport report = path.measure(seconds(6));
  EXPECT_GT(report.goodput, 35e6);
  EXPECT_EQ(report.timeouts, 0U);
}

TEST(SctpRecovery, GivesWayWhenTheQueueOverflowsHoweverShortItIs) {
  // A policer: what is over the rate is lost without any delay. The window must not grow without end.
  PathOptions options = path_of(20, 50, 0);
  options.queue_bytes = 6000;
  Path path(options);
  path.connect();
  path.measure(seconds(3));
  const PathReport report = path.measure(seconds(5));
  EXPECT_GT(report.goodput, 8e6);
  EXPECT_LT(report.retransmitted, 5 * 20'000'000 / 8 / kFullChunk / 20);  // 5 % of what the path carries
}

TEST(SctpRecovery, TakesReorderingForWhatItIs) {
  PathOptions options = path_of(20, 40, 1);
  options.jitter = milliseconds(20);
  Path path(options);
  path.connect();
  const PathReport report = path.measure(seconds(8));
  EXPECT_GT(report.goodput, 16e6);
  EXPECT_LT(report.spurious, 100U);
  EXPECT_EQ(report.timeouts, 0U);
}

TEST(SctpRecovery, IsBackSoonAfterAnOutage) {
  Path path(path_of(20, 40, 1));
  path.connect();
  path.measure(seconds(2));
  path.there.config().loss = path.back.config().loss = 1;
  path.run_for(seconds(3));
  path.there.config().loss = path.back.config().loss = 0;
  // T3-rtx doubles up to 3 s: that is how late it may notice.
  path.run_for(seconds(3));
  EXPECT_GT(path.measure(seconds(2)).goodput, 15e6);
  EXPECT_FALSE(path.closed);
}

TEST(SctpRecovery, UndoesATimeoutThatADelayedPathCaused) {
  Path path(path_of(20, 40, 1));
  path.connect();
  path.bulk = true;
  path.run_for(seconds(2));
  const std::size_t before = path.a.stats().cwnd;
  // Everything takes 900 ms longer for a moment: what is sent now arrives, but late.
  path.there.config().delay += milliseconds(900);
  path.run_for(milliseconds(100));
  path.there.config().delay -= milliseconds(900);
  path.run_for(milliseconds(2000));
  EXPECT_GE(path.a.stats().undone, 1U);
  EXPECT_GE(path.a.stats().cwnd, before / 2);
  EXPECT_GT(path.measure(seconds(2)).goodput, 15e6);
}

TEST(SctpRecovery, AdaptsWhenTheBandwidthIsCut) {
  Path path(path_of(50, 40, 1));
  path.connect();
  path.measure(seconds(3));
  path.there.config().bits_per_second = 5'000'000;
  path.there.config().queue_bytes = 5 * 125 * 40;
  path.measure(seconds(3));
  const PathReport report = path.measure(seconds(4));
  EXPECT_GT(report.goodput, 4.2e6);
  EXPECT_LE(path.a.stats().timeouts, 1U);
}

TEST(SctpRecovery, AnswersABatchOfPacketsWithOneSack) {
  PathOptions options = path_of(50, 40, 1);
  options.input_batch = milliseconds(2);
  Path path(options);
  path.connect();
  path.measure(seconds(2));
  const PathReport report = path.measure(seconds(3));
  EXPECT_GT(report.goodput, 45e6);
  // Eleven packets come in a batch.
  EXPECT_LT(report.sacks, 3 * 500U + 100);
}

TEST(SctpRecovery, SpreadsALargeWindowOverTheRoundTrip) {
  for (const bool pacing : {true, false}) {
    PathOptions options = path_of(100, 100, 1);
    options.a.pacing = pacing;
    Path path(options);
    path.connect();
    path.measure(seconds(2));
    std::size_t burst = 0;
    std::size_t longest = 0;
    Timestamp at{};
    path.tap = [&](bool from_a, ByteView packet) {
      if (!from_a || !has_data(packet)) return false;
      burst = path.now == at ? burst + 1 : 1;
      at = path.now;
      longest = std::max(longest, burst);
      return false;
    };
    // A pause, then everything at once.
    path.bulk = false;
    path.run_for(milliseconds(300));
    path.bulk = true;
    path.run_for(milliseconds(300));
    if (pacing) {
      EXPECT_LT(longest, 60U);
    } else {
      EXPECT_GT(longest, 200U);
    }
  }
}

TEST(SctpRecovery, GrowsTheReceiveWindowOnlyWhenItIsUsed) {
  Path path(path_of(100, 200, 1));
  path.connect();
  EXPECT_LE(path.a.stats().peer_rwnd, 1024U * 1024);
  path.run_for(seconds(5));
  ASSERT_TRUE(path.a.send(message_of(1000), path.now).has_value());
  path.run_for(seconds(1));
  EXPECT_LE(path.a.stats().peer_rwnd, 1024U * 1024);
  path.measure(seconds(5));
  EXPECT_GT(path.a.stats().peer_rwnd + path.a.stats().flight_size, 4U * 1024 * 1024);
}

}  // namespace
}  // namespace tidewire::sctp
