// Messages that never end or never get their turn, and storms of FORWARD TSN and RE-CONFIG: what they hold is bounded,
// and other streams go on.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "sctp/forge_for_test.h"
#include "sctp/heap_for_test.h"
#include "sctp/rx/reassembly.h"

namespace tidewire::sctp {
namespace {

using std::chrono::seconds;

constexpr std::size_t kMiB = 1024 * 1024;
constexpr std::uint8_t kWhole = kFlagBegin | kFlagEnd;
// The receive window of Forge::defaults(), with the reserve for the chunk that is next.
constexpr std::size_t kWindow = 100 * 1024 + 16 * 1024;
// Chunks in maps, and small pieces of heap, take up to this many times what they count for.
constexpr std::size_t kOverheads = 4;
// 65536 streams, each with an entry of the reassembly.
constexpr std::size_t kAllStreams = 12 * kMiB;

// A complete message in the next place is delivered at once.
bool delivers(Forge& forge, std::uint32_t tsn, std::uint16_t stream, std::uint16_t ssn = 0) {
  const std::size_t before = forge.wire.b.messages.size();
  forge.inject(Forge::data(tsn, kWhole, ssn, 8, stream));
  return forge.wire.b.messages.size() == before + 1 && forge.wire.b.messages.back().stream == StreamId(stream);
}

TEST(SctpHostileData, AMessageWithoutEndIsCutOffWhateverItsKind) {
  struct Case {
    std::uint8_t flags;
    std::uint32_t first;  // 0: in order; else beyond a gap
    bool closes;
  };
  for (const Case& c :
       {Case{kFlagUnordered, 0, true}, Case{0, 0, true}, Case{kFlagUnordered, 1, false}, Case{0, 1, false}}) {
    Forge forge;
    forge.quiet = true;
    const std::size_t before = heap_in_use();
    for (std::uint32_t i = 0; i < 2000 && forge.wire.b.of<Closed>().empty(); ++i) {
      const auto flags = static_cast<std::uint8_t>(c.flags | (i == 0 ? kFlagBegin : 0));
      forge.inject(Forge::data(Forge::kTsn + c.first + i, flags, 0, 1000));
      ASSERT_LE(forge.stats().receive_buffered, kWindow);
      ASSERT_LE(heap_in_use(), before + kOverheads * kWindow + kMiB);
    }
    EXPECT_EQ(!forge.wire.b.of<Closed>().empty(), c.closes);
    EXPECT_TRUE(forge.wire.b.messages.empty());
  }
}

TEST(SctpHostileData, MessagesThatBeginAndNeverEndTakeTheMemoryOfOne) {
  Forge forge;
  forge.quiet = true;
  const std::size_t before = heap_in_use();
  std::uint32_t tsn = Forge::kTsn;
  for (int i = 0; i < 5'000; ++i) {
    forge.inject(Forge::data(tsn++, kFlagBegin, 0, 1000));
    ASSERT_LE(forge.stats().receive_buffered, 2000U);
    ASSERT_LE(heap_in_use(), before + kMiB);
  }
  EXPECT_TRUE(delivers(forge, tsn, 3));
  EXPECT_TRUE(forge.target_still_delivers());
}

TEST(SctpHostileData, FragmentsWithoutBeginningAreThrownAway) {
  Forge forge;
  forge.quiet = true;
  const std::size_t before = heap_in_use();
  std::uint32_t tsn = Forge::kTsn;
  for (int i = 0; i < 5'000; ++i) {
    forge.inject(Forge::data(tsn++, i % 2 == 0 ? 0 : kFlagEnd, 0, 1000));
    ASSERT_EQ(forge.stats().receive_buffered, 0U);
    ASSERT_LE(heap_in_use(), before + kMiB);
  }
  EXPECT_TRUE(forge.wire.b.messages.empty());
  EXPECT_TRUE(delivers(forge, tsn, 3));
}

TEST(SctpHostileData, OneFragmentOnEachOfAllStreamsIsBounded) {
  Forge forge;
  forge.quiet = true;
  const std::size_t before = heap_in_use();
  std::uint32_t tsn = Forge::kTsn;
  for (std::uint32_t stream = 0; stream < 65535; ++stream) {
    forge.inject(Forge::data(tsn++, kFlagBegin, 0, 1000, static_cast<std::uint16_t>(stream)));
    ASSERT_LE(forge.stats().receive_buffered, 2000U);
  }
  EXPECT_LE(heap_in_use(), before + kMiB);
  EXPECT_TRUE(delivers(forge, tsn, 3));
  // The same beyond a gap: as many as the window holds.
  for (std::uint32_t stream = 0; stream < 65535; ++stream) {
    forge.inject(Forge::data(tsn + 2 + stream, kFlagBegin, 0, 1000, static_cast<std::uint16_t>(stream)));
    ASSERT_LE(forge.stats().receive_buffered, kWindow);
  }
  EXPECT_LE(heap_in_use(), before + kOverheads * kWindow + kMiB);
  // The gap closes, and all but the last of them are recognised as never to be completed.
  EXPECT_TRUE(delivers(forge, tsn + 1, 3, 1));
  EXPECT_TRUE(forge.wire.b.association.connected());
  EXPECT_TRUE(forge.target_still_delivers());
}

TEST(SctpHostileData, OneMessageOutOfTurnOnEachOfAllStreamsIsBounded) {
  Forge forge;
  forge.quiet = true;
  const std::size_t before = heap_in_use();
  std::uint32_t tsn = Forge::kTsn;
  for (std::uint32_t stream = 0; stream < 65535 && forge.wire.b.association.connected(); ++stream) {
    forge.inject(Forge::data(tsn++, kWhole, 5, 4, static_cast<std::uint16_t>(stream)));
    ASSERT_LE(forge.stats().receive_buffered, kWindow + StreamOrder::kOverhead);
    ASSERT_LE(heap_in_use(), before + kOverheads * kWindow + kMiB);
  }
  // Nothing can ever make room again, so it ends.
  ASSERT_FALSE(forge.wire.b.of<Closed>().empty());
  EXPECT_EQ(forge.wire.b.of<Closed>()[0].reason, CloseReason::kResourceLimit);
}

TEST(SctpHostileData, AMessageOnEachOfAllStreamsCostsABoundedEntry) {
  Forge forge;
  forge.quiet = true;
  const std::size_t before = heap_in_use();
  for (std::uint32_t stream = 0; stream < 65535; ++stream) {
    ASSERT_TRUE(delivers(forge, Forge::kTsn + stream, static_cast<std::uint16_t>(stream)));
    forge.wire.b.messages.clear();
  }
  EXPECT_LE(heap_in_use(), before + kAllStreams);
}

TEST(SctpHostileData, TinyMessagesThatNobodyFetchesAreBounded) {
  for (const std::uint8_t flags : {kWhole, std::uint8_t{kWhole | kFlagUnordered}}) {
    Forge forge;
    forge.wire.b.polls = false;
    const std::size_t before = heap_in_use();
    for (std::uint32_t i = 0; i < 20'000; ++i) {
      forge.inject_unpolled(Forge::data(Forge::kTsn + i, flags, static_cast<std::uint16_t>(i), 1));
      while (forge.wire.b.association.poll_transmit()) {
      }
      ASSERT_LE(forge.stats().receive_buffered, kWindow + sizeof(Event));
      ASSERT_LE(heap_in_use(), before + kOverheads * kWindow + kMiB);
    }
    EXPECT_TRUE(forge.wire.b.association.connected());
  }
}

TEST(SctpHostileData, DuplicatesAreCountedAndCostNothing) {
  Forge forge;
  forge.quiet = true;
  forge.inject(Forge::data(Forge::kTsn, 3, 0, 100));
  forge.inject(Forge::data(Forge::kTsn + 2, 3, 1, 100));
  const std::size_t before = heap_in_use();
  for (int i = 0; i < 50'000; ++i) {
    forge.inject_unpolled(Forge::data(Forge::kTsn + (i % 2 == 0 ? 0U : 2U), 3, 0, 100));
  }
  EXPECT_LE(heap_in_use(), before + 64 * 1024);
  EXPECT_EQ(forge.stats().duplicates_received, 50'000U);
  int answers = 0;
  while (forge.wire.b.association.poll_transmit()) ++answers;
  EXPECT_EQ(answers, 1);
}

Bytes forward_tsn(std::uint32_t tsn, std::uint32_t first_stream, std::uint32_t streams, std::uint16_t ssn) {
  const auto write = [&](ByteWriter& w) {
    w.u32(tsn);
    for (std::uint32_t i = 0; i < streams; ++i) w.u16((first_stream + i) % 65536), w.u16(ssn);
  };
  return Forge::chunk(ChunkType::kForwardTsn, 0, write, 8 + 4 * streams);
}

TEST(SctpHostileData, AForwardTsnBeyondTheWindowIsDropped) {
  for (const std::uint32_t ahead : {65536U, 100'000U, 0x40000000U, 0x7ffffffeU, 0x80000000U, 0xc0000000U}) {
    Forge forge;
    const std::uint64_t dropped = forge.stats().chunks_dropped;
    forge.inject(forward_tsn(Forge::kTsn - 1 + ahead, 0, 100, 5));
    // From half of the numbers on it is one from the past.
    EXPECT_EQ(forge.stats().chunks_dropped, dropped + (ahead < 0x80000000U ? 1 : 0)) << ahead;
    EXPECT_TRUE(delivers(forge, Forge::kTsn, 3)) << ahead;
  }
}

TEST(SctpHostileData, StormsOfForwardTsnWithThousandsOfStreamsAreBounded) {
  Forge forge;
  forge.quiet = true;
  const std::size_t before = heap_in_use();
  std::uint32_t tsn = Forge::kTsn - 1;
  for (std::uint32_t i = 0; i < 200; ++i) {
    tsn += i % 2 == 0 ? 65535 : 1;
    forge.inject(forward_tsn(tsn, i * 16'000, 16'000, static_cast<std::uint16_t>(i * 32'000)));
    ASSERT_LE(heap_in_use(), before + kAllStreams);
    ASSERT_EQ(forge.stats().receive_buffered, 0U);
  }
  // An unordered one has no number that could have been skipped.
  forge.inject(Forge::data(tsn + 1, kWhole | kFlagUnordered, 0, 8, 3));
  EXPECT_EQ(forge.wire.b.messages.size(), 1U);
  EXPECT_TRUE(forge.target_still_delivers());
}

TEST(SctpHostileData, TheSameForwardTsnAHundredThousandTimesIsAnsweredOnce) {
  Forge forge;
  forge.quiet = true;
  const std::size_t before = heap_in_use();
  const Bytes packet = Forge::packet(forward_tsn(Forge::kTsn + 10, 0, 4, 5), forge.tag);
  for (int i = 0; i < 100'000; ++i) forge.wire.b.association.handle_input(packet, forge.wire.now);
  EXPECT_LE(heap_in_use(), before + 64 * 1024);
  int answers = 0;
  while (forge.wire.b.association.poll_transmit()) ++answers;
  EXPECT_EQ(answers, 1);
  EXPECT_TRUE(delivers(forge, Forge::kTsn + 11, 3, 6));
}

std::vector<std::uint16_t> streams(std::size_t count) {
  std::vector<std::uint16_t> all(count);
  std::iota(all.begin(), all.end(), std::uint16_t{0});
  return all;
}

TEST(SctpHostileData, ResetsOfEverythingTenThousandTimesAreBounded) {
  for (const bool polled : {true, false}) {
    for (const std::size_t count : {std::size_t{0}, std::size_t{32'700}}) {
      Forge forge;
      forge.quiet = true;
      forge.wire.b.polls = polled;
      ASSERT_TRUE(!polled || delivers(forge, Forge::kTsn, 3));
      const std::size_t before = heap_in_use();
      const int rounds = count == 0 ? 10'000 : 300;
      for (int i = 0; i < rounds; ++i) {
        const auto sequence = Forge::kTsn + static_cast<std::uint32_t>(i);
        forge.inject_unpolled(Forge::reset(sequence, Forge::kTsn - 1, streams(count)));
        forge.wire.settle();
        forge.wire.b.events.clear();
        // At most 64 events that name all of these streams, and one request that waits.
        ASSERT_LE(heap_in_use(), before + 66 * 2 * count + kMiB);
      }
      forge.wire.b.polls = true;
      EXPECT_TRUE(forge.wire.b.association.connected());
      EXPECT_TRUE(delivers(forge, polled ? Forge::kTsn + 1 : Forge::kTsn, 3));
      EXPECT_TRUE(forge.target_still_delivers());
    }
  }
}

TEST(SctpHostileData, ResetsOutOfSequenceChangeNothing) {
  Forge forge;
  forge.quiet = true;
  ASSERT_TRUE(delivers(forge, Forge::kTsn, 3));
  const std::size_t before = heap_in_use();
  const std::uint64_t sent = forge.stats().packets_sent;
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    const std::uint32_t wrong = Forge::kTsn + 1 + i * 400'000;
    if (wrong == Forge::kTsn || wrong == Forge::kTsn - 1) continue;
    forge.inject(Forge::reset(wrong, Forge::kTsn, {3}));
  }
  EXPECT_LE(heap_in_use(), before + kMiB);
  EXPECT_TRUE(forge.wire.b.of<IncomingStreamsReset>().empty());
  EXPECT_LE(forge.stats().packets_sent, sent + 10'000);
  // The stream's numbers went on.
  EXPECT_TRUE(delivers(forge, Forge::kTsn + 1, 3, 1));
}

TEST(SctpHostileData, AResetThatIsRepeatedIsCarriedOutOnce) {
  Forge forge;
  forge.quiet = true;
  for (int i = 0; i < 10'000; ++i) forge.inject(Forge::reset(Forge::kTsn, Forge::kTsn - 1, {3}));
  EXPECT_EQ(forge.wire.b.of<IncomingStreamsReset>().size(), 1U);
  EXPECT_TRUE(delivers(forge, Forge::kTsn, 3));
}

TEST(SctpHostileData, AResetThatWaitsForDataForEverHoldsUpNobody) {
  Forge forge;
  forge.quiet = true;
  const std::size_t before = heap_in_use();
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    forge.inject(Forge::reset(Forge::kTsn + i, Forge::kTsn + 0x7ffffff0, {3, 4, 5}));
  }
  EXPECT_LE(heap_in_use(), before + kMiB);
  EXPECT_TRUE(forge.wire.b.of<IncomingStreamsReset>().empty());
  EXPECT_TRUE(delivers(forge, Forge::kTsn, 3));
  EXPECT_TRUE(forge.target_still_delivers());
}

TEST(SctpHostileData, AnswersToResetsThatWereNeverAskedForChangeNothing) {
  Forge forge;
  forge.quiet = true;
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    forge.inject(Forge::words(ChunkType::kReConfig, {0x0010000c, Forge::kTargetTsn - 5 + i % 10, i % 9}));
  }
  EXPECT_TRUE(forge.wire.b.of<OutgoingStreamsReset>().empty());
  EXPECT_TRUE(forge.wire.b.of<OutgoingResetFailed>().empty());
  const std::vector<StreamId> asked{StreamId(9)};
  forge.quiet = false;
  ASSERT_TRUE(forge.wire.b.association.reset_outgoing_streams(asked, forge.wire.now).has_value());
  EXPECT_TRUE(forge.wire.run_while([&] { return forge.wire.b.of<OutgoingStreamsReset>().empty(); }, seconds(5)));
}

}  // namespace
}  // namespace tidewire::sctp
