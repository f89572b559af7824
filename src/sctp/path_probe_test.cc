// Path MTU discovery of a whole association: over links that drop what is too long.
#include "sctp/path_probe.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "sctp/path_for_test.h"

namespace tidewire::sctp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kHeaders = 28;  // that sim::Link adds
constexpr std::size_t kMax = 1428;

PathOptions options() {
  PathOptions options;
  options.bits_per_second = 20'000'000;
  options.a.max_mtu = options.b.max_mtu = kMax;
  return options;
}

void set_mtu(Path& path, std::size_t packet) { path.there.config().mtu = path.back.config().mtu = packet + kHeaders; }

std::size_t count_of(ByteView packet, ChunkType type) {
  ChunkReader reader(packet.subspan(kCommonHeaderSize));
  std::size_t count = 0;
  while (const auto chunk = reader.next()) count += chunk->type == type;
  return count;
}

// What a sent, by the length of its packets.
struct Seen {
  explicit Seen(Path& path) {
    path.tap = [this, &path](bool from_a, ByteView packet) {
      if (!from_a) return false;
      if (count_of(packet, ChunkType::kPad) > 0) {
        ++probes;
        EXPECT_EQ(count_of(packet, ChunkType::kHeartbeat), 1U);
        EXPECT_EQ(count_of(packet, ChunkType::kInterleavedData), 0U);
        EXPECT_EQ(packet.size() % 4, 0U);
      } else {
        longest = std::max(longest, packet.size());
        EXPECT_LE(packet.size(), count_of(packet, ChunkType::kInterleavedData) > 0 ? kMax : Config{}.mtu);
        if (packet.size() > path.a.stats().mtu) ++oversized;
      }
      return false;
    };
  }
  std::size_t probes = 0;
  std::size_t longest = 0;  // of packets with data
  std::size_t oversized = 0;
};

TEST(PathProbe, TheLargestSizeIsInUseAfterTwoRoundTrips) {
  Path path(options());
  set_mtu(path, kMax);
  path.connect();
  Seen seen(path);
  EXPECT_EQ(path.a.stats().mtu, 1188U);
  path.bulk = true;
  path.run_for(milliseconds(50));
  EXPECT_LE(seen.longest, 1188U);
  path.run_for(milliseconds(400));
  EXPECT_EQ(path.a.stats().mtu, kMax);
  EXPECT_EQ(seen.longest, kMax);
  EXPECT_EQ(path.a.stats().path_probes, 2U);
  EXPECT_EQ(path.b.stats().mtu, 1188U) << "b has nothing to send";
  EXPECT_EQ(path.b.stats().chunks_dropped, 0U);
}

TEST(PathProbe, APeerThatKnowsNoPadChunkAnswersAtLength) {
  PathOptions without = options();
  without.b.pad = false;
  Path path(without);
  set_mtu(path, 1408);
  path.connect();
  std::size_t pads = 0;
  std::size_t longest_answer = 0;
  path.tap = [&](bool from_a, ByteView packet) {
    if (from_a) pads += count_of(packet, ChunkType::kPad);
    if (!from_a && count_of(packet, ChunkType::kHeartbeatAck) > 0)
      longest_answer = std::max(longest_answer, packet.size());
    return false;
  };
  path.bulk = true;
  path.run_for(seconds(10));
  EXPECT_EQ(pads, 0U);
  EXPECT_EQ(path.a.stats().mtu, 1408U);
  EXPECT_EQ(longest_answer, 1408U);
}

TEST(PathProbe, StaysAtTheBaseAndHarmsNothingWhereNoMorePasses) {
  PathOptions without = options();
  without.a.max_mtu = 0;
  const auto run = [](const PathOptions& options) {
    Path path(options);
    set_mtu(path, 1188);
    path.connect();
    const PathReport report = path.measure(seconds(20));
    EXPECT_EQ(path.a.stats().mtu, 1188U);
    return std::pair(report, path.a.stats());
  };
  const auto [with_search, stats] = run(options());
  const auto [plain, plain_stats] = run(without);
  EXPECT_EQ(plain_stats.path_probes, 0U);
  EXPECT_GT(stats.path_probes, 3U);
  EXPECT_LE(stats.path_probes, 16U);
  // Lost probes are no congestion and no errors.
  EXPECT_EQ(with_search.retransmitted, plain.retransmitted);
  EXPECT_EQ(with_search.timeouts, 0U);
  EXPECT_GT(with_search.goodput, plain.goodput * 0.999);
}

TEST(PathProbe, AnIdleAssociationIsNotProbed) {
  Path path(options());
  path.connect();
  Seen seen(path);
  path.run_for(seconds(100));
  ASSERT_TRUE(path.a.send({StreamId(0), Ppid(53), Bytes(100), {}}, path.now));
  path.run_for(seconds(100));
  EXPECT_EQ(seen.probes, 0U) << "small messages gain nothing";
  ASSERT_TRUE(path.a.send({StreamId(0), Ppid(53), Bytes(5000), {}}, path.now));
  path.run_for(seconds(10'000));
  EXPECT_EQ(seen.probes, 2U);
  EXPECT_EQ(path.a.stats().mtu, kMax);
}

TEST(PathProbe, APathThatShrinksUnderAStreamIsNoticedAndWhatIsOutStillArrives) {
  for (const unsigned smaller : {1188U, 1300U}) {
    Path path(options());
    set_mtu(path, kMax);
    path.connect();
    path.bulk = true;
    path.run_for(seconds(3));
    ASSERT_EQ(path.a.stats().mtu, kMax);
    Seen seen(path);
    set_mtu(path, smaller);
    const std::uint64_t before = path.received_messages;
    ASSERT_TRUE(path.run_while([&] { return path.received_messages < before + 10; }, seconds(5)));
    EXPECT_GT(seen.oversized, 0U);
    EXPECT_GT(path.there.stats().fragmented, 0U);
    EXPECT_EQ(path.a.stats().mtu, 1188U);
    path.run_for(seconds(30));
    EXPECT_LE(path.a.stats().mtu, smaller);
    EXPECT_GE(path.a.stats().mtu + 2 * PathMtu::kGranularity, smaller);
    // Once the old ones are through, nothing needs fragments.
    const std::uint64_t fragmented = path.there.stats().fragmented;
    const PathReport report = path.measure(seconds(5));
    EXPECT_EQ(path.there.stats().fragmented, fragmented);
    EXPECT_GT(report.goodput, 16e6);
    EXPECT_FALSE(path.closed);
  }
}

// Large chunks are lost one and all while small messages keep the association alive: no timer ever tells.
TEST(PathProbe, APathThatShrinksAmongSmallMessagesIsNoticed) {
  Path path(options());
  set_mtu(path, kMax);
  path.connect();
  const auto send = [&](std::uint16_t stream, std::size_t size) {
    ASSERT_TRUE(path.a.send({StreamId(stream), Ppid(53), Bytes(size), {}}, path.now));
  };
  send(0, 5000);
  path.run_for(seconds(3));
  ASSERT_EQ(path.a.stats().mtu, kMax);
  set_mtu(path, 1188);
  const std::uint64_t before = path.received_messages;
  send(0, 1390);
  int small = 0;
  for (; small < 200 && path.a.stats().mtu == kMax; ++small) {
    send(1, 50);
    path.run_for(milliseconds(20));
  }
  EXPECT_EQ(path.a.stats().mtu, 1188U);
  path.run_for(seconds(3));
  EXPECT_EQ(path.received_messages, before + 1 + static_cast<std::uint64_t>(small));
  EXPECT_EQ(path.a.stats().timeouts, 0U);
}

TEST(PathProbe, AnotherPathBeginsAtTheBase) {
  Path path(options());
  path.connect();
  path.bulk = true;
  path.run_for(seconds(3));
  ASSERT_EQ(path.a.stats().mtu, kMax);
  set_mtu(path, 1250);
  path.a.path_changed(path.now);
  EXPECT_EQ(path.a.stats().mtu, 1188U);
  path.run_for(seconds(30));
  EXPECT_EQ(path.a.stats().timeouts, 0U) << "what is out goes in fragments at once";
  EXPECT_GT(path.a.stats().mtu, 1220U);
  EXPECT_LE(path.a.stats().mtu, 1250U);
}

TEST(PathProbe, APathThatDoesNotEvenCarryTheBaseGetsFragments) {
  Path path(options());
  set_mtu(path, 800);
  path.connect();
  path.bulk = true;
  const bool done = path.run_while([&] { return path.received_messages < 10; }, seconds(60));
  EXPECT_TRUE(done);
  EXPECT_GT(path.there.stats().fragmented, 0U);
  EXPECT_EQ(path.a.stats().mtu, 1188U);
}

TEST(PathProbe, OnlyTheAnswerToTheProbeCounts) {
  Path path(options());
  set_mtu(path, 1188);
  path.connect();
  std::uint32_t tag = 0;
  std::uint64_t answers = 0;
  path.tap = [&](bool from_a, ByteView packet) {
    if (!from_a) tag = parse_common_header(packet, true)->verification_tag;
    if (!from_a || packet.size() <= 1188 || tag == 0) return false;
    // The probe is lost. Somebody who cannot read it guesses.
    PacketPool pool;
    PacketBuilder builder(pool.make(), 1188, 5000, 5000);
    builder.begin(tag);
    ByteWriter& writer = builder.start_chunk(ChunkType::kHeartbeatAck, 0);
    writer.u16(kHeartbeatInfo);
    writer.u16(12);
    writer.u64(++answers);
    builder.end_chunk();
    const Packet answer = std::move(builder).finish(false);
    path.a.handle_input(answer.bytes(), path.now);
    return true;
  };
  path.bulk = true;
  path.run_for(seconds(20));
  EXPECT_GT(answers, 5U);
  EXPECT_EQ(path.a.stats().mtu, 1188U);
}

TEST(PathProbe, LossDoesNotHideTheSize) {
  PathOptions poor = options();
  poor.loss = 0.05;
  int found = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    poor.seed = seed;
    Path path(poor);
    set_mtu(path, 1408);
    path.connect();
    path.bulk = true;
    path.run_for(seconds(20));
    // Four losses of one chunk in a row happen, and look like a path that shrank.
    EXPECT_GT(path.a.stats().mtu, 1300U) << "seed " << seed;
    found += path.a.stats().mtu == 1408;
  }
  EXPECT_GE(found, 8);
}

}  // namespace
}  // namespace tidewire::sctp
