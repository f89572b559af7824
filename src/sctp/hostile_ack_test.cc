// What SACKs that lie, come in masses, or never open the window can do to the sending half.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/serial.h"
#include "sctp/forge_for_test.h"
#include "sctp/heap_for_test.h"

namespace tidewire::sctp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kMiB = 1024 * 1024;
using Blocks = std::vector<std::pair<std::uint16_t, std::uint16_t>>;

// An association whose peer is the test alone: nothing that it sends reaches anyone.
struct Victim {
  explicit Victim(WireOptions options = Forge::defaults()) : forge(options) {
    forge.wire.tap = [this](bool from_a, ByteView packet) {
      if (!from_a) read(packet);
      return true;
    };
  }
  void read(ByteView packet) {
    ++packets;
    ChunkReader chunks(packet.subspan(kCommonHeaderSize));
    while (const auto chunk = chunks.next()) {
      if (chunk->type == ChunkType::kAbort) aborted = true;
      if (chunk->type != ChunkType::kData) continue;
      ++data_chunks;
      const std::uint32_t tsn = DataChunk::parse(*chunk)->tsn;
      if (data_chunks == 1 || serial_distance(last_tsn, tsn) > 0) last_tsn = tsn;
    }
  }
  void send(std::size_t size) {
    ASSERT_TRUE(association().send(message(0, pattern(size, 1)), forge.wire.now).has_value());
    forge.wire.settle();
  }
  // Acknowledges everything a few times, so that thousands of chunks may be out.
  void open_up() {
    send(8 * kMiB);
    for (int i = 0; i < 8; ++i) {
      forge.wire.run_for(milliseconds(20));
      acked = last_tsn;
      forge.inject(Forge::sack(acked, 64 * kMiB));
      forge.wire.run_for(milliseconds(20));
    }
  }
  std::uint32_t out() const { return last_tsn - acked; }
  Association& association() { return forge.wire.b.association; }

  Forge forge;
  std::uint64_t packets = 0;
  std::uint64_t data_chunks = 0;
  bool aborted = false;
  std::uint32_t last_tsn = Forge::kTargetTsn - 1;
  std::uint32_t acked = Forge::kTargetTsn - 1;
};

WireOptions unpaced() {
  WireOptions options = Forge::defaults();
  options.b.pacing = false;
  return options;
}

TEST(SctpHostileAck, WhatWasNeverSentCannotBeAcknowledged) {
  Victim victim;
  victim.send(20'000);
  const std::size_t flight = victim.forge.stats().flight_size;
  ASSERT_GT(flight, 0U);
  const std::uint64_t dropped = victim.forge.stats().chunks_dropped;
  const std::uint32_t next = victim.last_tsn + 1;
  for (const std::uint32_t ahead : {0U, 1U, 100U, 65535U, 0x3fffffffU}) {
    victim.forge.inject(Forge::sack(next + ahead, 100'000));
    victim.forge.inject(Forge::words(ChunkType::kSack, {next + ahead, 0, 0}));
  }
  const auto beyond = static_cast<std::uint16_t>(victim.out() + 1);
  for (const Blocks& blocks :
       {Blocks{{2, beyond}}, Blocks{{beyond, beyond}}, Blocks{{2, 65535}}, Blocks{{65535, 65535}}, Blocks{{0, 1}},
        Blocks{{0, 0}}, Blocks{{3, 2}}, Blocks{{2, 2}, {4, 3}}}) {
    victim.forge.inject(Forge::sack(victim.acked, 100'000, blocks));
  }
  EXPECT_EQ(victim.forge.stats().chunks_dropped, dropped + 18);
  EXPECT_EQ(victim.forge.stats().flight_size, flight);
  EXPECT_TRUE(victim.association().connected());
  // The truth is still taken.
  victim.forge.inject(Forge::sack(victim.last_tsn, 100'000));
  EXPECT_LT(victim.forge.stats().flight_size, flight);
  EXPECT_EQ(victim.forge.stats().chunks_dropped, dropped + 18);
}

TEST(SctpHostileAck, AShutdownThatAcknowledgesWhatWasNeverSentDoesNotEndWhatWaits) {
  Victim victim;
  victim.send(20'000);
  const std::size_t flight = victim.forge.stats().flight_size;
  victim.forge.inject(Forge::words(ChunkType::kShutdown, {victim.last_tsn + 1000}));
  EXPECT_EQ(victim.forge.stats().flight_size, flight);
  EXPECT_TRUE(victim.association().connected());
}

TEST(SctpHostileAck, ThousandsOfBlocksInAnyOrderCostTimeAndMemoryOfThatOrder) {
  Victim victim(unpaced());
  victim.open_up();
  ASSERT_GT(victim.out(), 1000U);
  const auto last = static_cast<std::uint16_t>(victim.out());
  Blocks ascending;
  for (std::uint16_t i = 2; i <= last; i = static_cast<std::uint16_t>(i + 2)) ascending.emplace_back(i, i);
  Blocks reversed(ascending.rbegin(), ascending.rend());
  Blocks overlapping;
  for (std::uint16_t i = 2; i <= last; ++i) overlapping.emplace_back(i, last);
  Blocks nested;
  for (std::uint16_t i = 0; i < last / 2; ++i) {
    nested.emplace_back(static_cast<std::uint16_t>(2 + i), static_cast<std::uint16_t>(last - i));
  }
  Blocks same(16'000, {2, last});
  const std::size_t before = heap_in_use();
  const std::uint64_t dropped = victim.forge.stats().chunks_dropped;
  for (int round = 0; round < 20; ++round) {
    for (const Blocks* blocks : {&ascending, &reversed, &overlapping, &nested, &same, &ascending}) {
      victim.forge.inject_unpolled(Forge::sack(victim.acked, 64 * kMiB, *blocks));
      ASSERT_LE(heap_in_use(), before + 2 * kMiB);
    }
  }
  EXPECT_EQ(victim.forge.stats().chunks_dropped, dropped);
  EXPECT_TRUE(victim.association().connected());
  // What the peer takes back after all is sent again: the timer finds it.
  const std::uint64_t sent = victim.data_chunks;
  victim.forge.inject(Forge::sack(victim.acked, 64 * kMiB, {}));
  victim.forge.wire.run_for(seconds(10));
  EXPECT_GT(victim.data_chunks, sent);
  victim.forge.inject(Forge::sack(victim.last_tsn, 64 * kMiB));
  EXPECT_TRUE(victim.association().connected());
}

TEST(SctpHostileAck, TheSameSackAHundredThousandTimesSendsNothingTwice) {
  for (const bool gaps : {false, true}) {
    Victim victim(unpaced());
    victim.open_up();
    victim.forge.wire.settle();
    const Bytes packet = Forge::packet(Forge::sack(victim.acked, 64 * kMiB, gaps ? Blocks{{2, 3}, {5, 900}} : Blocks{}),
                                       victim.forge.tag);
    victim.association().handle_input(packet, victim.forge.wire.now);
    victim.forge.wire.settle();
    const std::uint64_t packets = victim.packets;
    const std::size_t cwnd = victim.forge.stats().cwnd;
    const std::size_t before = heap_in_use();
    for (int i = 0; i < 100'000; ++i) {
      victim.association().handle_input(packet, victim.forge.wire.now);
      while (auto out = victim.association().poll_transmit()) victim.read(out->bytes());
    }
    EXPECT_EQ(victim.packets, packets) << gaps;
    EXPECT_LE(victim.forge.stats().cwnd, cwnd) << gaps;
    EXPECT_LE(heap_in_use(), before + 64 * 1024) << gaps;
  }
}

TEST(SctpHostileAck, DuplicatesThatNeverHappenedAreBounded) {
  Victim victim(unpaced());
  victim.open_up();
  const Bytes sack = Forge::chunk(
      ChunkType::kSack, 0,
      [&](ByteWriter& w) {
        w.u32(victim.acked);
        w.u32(64 * kMiB);
        w.u16(0);
        w.u16(16'000);
        for (std::uint32_t i = 0; i < 16'000; ++i) w.u32(victim.acked - 8'000 + i);
      },
      65536);
  const Bytes packet = Forge::packet(sack, victim.forge.tag);
  const std::size_t before = heap_in_use();
  for (int i = 0; i < 10'000; ++i) victim.association().handle_input(packet, victim.forge.wire.now);
  EXPECT_LE(heap_in_use(), before + 64 * 1024);
  EXPECT_TRUE(victim.association().connected());
}

TEST(SctpHostileAck, AWindowThatNeverOpensBoundsMemoryAndProbesAtABoundedRate) {
  WireOptions options = Forge::defaults();
  options.b.send_buffer_limit = kMiB;
  Victim victim(options);
  const std::size_t before = heap_in_use();
  victim.send(10'000);
  victim.forge.inject(Forge::sack(victim.acked, 0));
  int accepted = 0;
  while (victim.association().send(message(1, pattern(10'000, 1)), victim.forge.wire.now).has_value()) ++accepted;
  EXPECT_LE(accepted, 105);
  const auto refused = victim.association().send(message(1, pattern(10'000, 1)), victim.forge.wire.now);
  EXPECT_EQ(refused.error().code, ErrorCode::kOperation);
  const std::uint64_t probes_before = victim.data_chunks;
  constexpr int kMinutes = 30;
  std::uint64_t answered = victim.data_chunks;
  for (int i = 0; i < kMinutes * 600; ++i) {
    victim.forge.wire.run_for(milliseconds(100));
    if (victim.data_chunks == answered) continue;
    answered = victim.data_chunks;
    victim.forge.inject(Forge::sack(victim.acked, 0));
    ASSERT_LE(heap_in_use(), before + 3 * kMiB);
  }
  EXPECT_TRUE(victim.association().connected());
  EXPECT_FALSE(victim.aborted);
  const std::uint64_t probes = victim.data_chunks - probes_before;
  EXPECT_GT(probes, static_cast<std::uint64_t>(kMinutes * 60 / 10));
  EXPECT_LT(probes, static_cast<std::uint64_t>(kMinutes * 60));
  // It opens after all.
  victim.forge.inject(Forge::sack(victim.acked, 100'000));
  victim.forge.wire.run_for(seconds(5));
  EXPECT_GT(victim.data_chunks, probes_before + probes);
}

TEST(SctpHostileAck, TinyMessagesThatWaitForAClosedWindowTakeABoundedMultiple) {
  WireOptions options = Forge::defaults();
  options.b.send_buffer_limit = 50'000;
  Victim victim(options);
  victim.send(10'000);
  victim.forge.inject(Forge::sack(victim.acked, 0));
  const std::size_t before = heap_in_use();
  std::size_t accepted = 0;
  while (victim.association().send(message(1, {1}), victim.forge.wire.now).has_value()) ++accepted;
  EXPECT_LE(accepted, 50'000U);
  EXPECT_GT(accepted, 40'000U);
  // The limit counts bytes of messages alone. What each takes besides:
  constexpr std::size_t kEach = 320;
  EXPECT_LE(heap_in_use(), before + accepted * kEach);
}

TEST(SctpHostileAck, AWindowThatOpensAndClosesBetweenAllPacketsIsNoReasonToSendFaster) {
  Victim victim(unpaced());
  victim.send(kMiB);
  const std::uint64_t before = victim.packets;
  for (int i = 0; i < 10'000; ++i) victim.forge.inject(Forge::sack(victim.acked, i % 2 == 0 ? 0 : 100'000));
  EXPECT_LE(victim.packets, before + 20);
}

TEST(SctpHostileAck, APeerThatAcknowledgesNothingIsGivenUpInTheEnd) {
  Victim victim;
  victim.send(10'000);
  victim.forge.wire.run_for(seconds(600));
  ASSERT_EQ(victim.forge.wire.b.of<Closed>().size(), 1U);
  EXPECT_EQ(victim.forge.wire.b.of<Closed>()[0].reason, CloseReason::kTimedOut);
  EXPECT_EQ(victim.association().next_timeout(), kNever);
}

}  // namespace
}  // namespace tidewire::sctp
