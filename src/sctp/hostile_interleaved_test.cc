// I-DATA and I-FORWARD-TSN of a peer that breaks the rules of RFC 8260.
#include <gtest/gtest.h>

#include "sctp/forge_for_test.h"
#include "sctp/heap_for_test.h"

namespace tidewire::sctp {
namespace {

using std::chrono::seconds;

// What b may hold: its window, what it takes beyond it for the next chunk, and the event that brings it.
constexpr std::size_t kMostBuffered = 100 * 1024 + 16 * 1024 + 4096;

Bytes skip(std::uint32_t tsn, std::initializer_list<std::pair<std::uint32_t, std::uint32_t>> stream_and_mid) {
  return Forge::chunk(ChunkType::kInterleavedForwardTsn, 0, [&](ByteWriter& w) {
    w.u32(tsn);
    for (const auto& [stream_and_flags, mid] : stream_and_mid) {
      w.u32(stream_and_flags);
      w.u32(mid);
    }
  });
}

void expect_alive(Forge& forge) {
  EXPECT_TRUE(forge.wire.b.association.connected());
  ASSERT_TRUE(forge.wire.b.association.send(message(9, pattern(5000, 1)), forge.wire.now));
  EXPECT_TRUE(forge.wire.run_while([&] { return forge.wire.a.messages.empty(); }));
}

TEST(SctpHostileInterleaved, MixingWithDataEndsTheAssociation) {
  for (const bool interleaved : {true, false}) {
    Forge forge(interleaved ? Forge::interleaved() : Forge::defaults());
    // The honest kind first, then the other one.
    if (interleaved) {
      forge.inject(Forge::interleaved_data(Forge::kTsn, 3, 0, 0, 10));
      forge.inject(Forge::data(Forge::kTsn + 1, 3, 1, 10));
      ASSERT_EQ(forge.wire.b.of<Closed>().size(), 1U);
      EXPECT_EQ(forge.wire.b.of<Closed>()[0].reason, CloseReason::kProtocolError);
      EXPECT_EQ(forge.wire.b.messages.size(), 1U);
    } else {
      // Not negotiated: an unknown chunk, which is reported and stops the packet (RFC 9260 §3.2).
      forge.inject(Forge::interleaved_data(Forge::kTsn, 3, 0, 0, 10));
      EXPECT_TRUE(forge.wire.b.messages.empty());
      expect_alive(forge);
    }
  }
}

TEST(SctpHostileInterleaved, FragmentsThatContradictEachOtherAreDropped) {
  Forge forge(Forge::interleaved());
  std::uint32_t tsn = Forge::kTsn;
  const auto inject = [&](std::uint8_t flags, std::uint32_t mid, std::uint32_t fsn) {
    forge.inject(Forge::interleaved_data(tsn++, flags, mid, fsn, 100));
  };
  inject(kFlagBegin, 0, 0);
  inject(kFlagBegin, 0, 0);  // twice
  inject(0, 0, 5);
  inject(0, 0, 5);         // twice
  inject(kFlagEnd, 0, 3);  // the end, though more is there
  inject(0, 0, 0xFFFFFFFF);
  inject(kFlagEnd, 0, 6);
  inject(0, 0, 7);         // after the end
  inject(kFlagEnd, 0, 8);  // another end
  EXPECT_TRUE(forge.wire.b.messages.empty());
  expect_alive(forge);
  inject(0, 0xFFFFFFFF, 1);  // of a message before the first one
  for (const std::uint32_t fsn : {1U, 2U, 3U, 4U}) inject(0, 0, fsn);
  // FSN 0xFFFFFFFF still waits beyond the end that came later: the message is what lies before it, or nothing at all.
  forge.wire.run_for(seconds(1));
  for (const MessageReceived& got : forge.wire.b.messages) EXPECT_EQ(got.payload.size(), 700U);
  EXPECT_LE(forge.stats().receive_buffered, kMostBuffered);
}

TEST(SctpHostileInterleaved, BeginningsOnEveryStreamAreBounded) {
  Forge forge(Forge::interleaved());
  const std::size_t before = heap_in_use();
  forge.quiet = true;
  for (std::uint32_t i = 0; i < 65535 && forge.wire.b.of<Closed>().empty(); ++i) {
    forge.inject(Forge::interleaved_data(Forge::kTsn + i, i % 2 == 0 ? kFlagBegin : kFlagBegin | kFlagUnordered, i / 7,
                                         0, 1, static_cast<std::uint16_t>(i)));
    ASSERT_LE(forge.stats().receive_buffered, kMostBuffered);
  }
  EXPECT_LT(heap_in_use() - before, 2U * 1024 * 1024);
}

TEST(SctpHostileInterleaved, ManyMessagesOfOneStreamAreBounded) {
  for (const std::uint8_t kind : {std::uint8_t{0}, kFlagUnordered}) {
    Forge forge(Forge::interleaved());
    forge.quiet = true;
    for (std::uint32_t i = 0; i < 20000 && forge.wire.b.of<Closed>().empty(); ++i) {
      // MIDs far apart, forwards and backwards.
      const std::uint32_t mid = i % 2 == 0 ? i * 0x10001 : 0U - i;
      forge.inject(Forge::interleaved_data(
          Forge::kTsn + i, static_cast<std::uint8_t>(kind | (i % 3 == 0 ? kFlagBegin : 0)), mid, i % 5, 20));
      ASSERT_LE(forge.stats().receive_buffered, kMostBuffered);
    }
  }
}

TEST(SctpHostileInterleaved, AnEndlessMessageEndsInAnAbortWithinTheLimit) {
  Forge forge(Forge::interleaved());
  for (std::uint32_t i = 0; i < 100 && forge.wire.b.of<Closed>().empty(); ++i) {
    forge.inject(Forge::interleaved_data(Forge::kTsn + i, i == 0 ? kFlagBegin : 0, 0, i, 1000));
    EXPECT_LE(forge.stats().receive_buffered, 20U * 1024);
  }
  ASSERT_EQ(forge.wire.b.of<Closed>().size(), 1U);
  EXPECT_EQ(forge.wire.b.of<Closed>()[0].reason, CloseReason::kResourceLimit);
}

TEST(SctpHostileInterleaved, SkipsOfWhatNeverWasDoNoHarm) {
  Forge forge(Forge::interleaved());
  forge.inject(Forge::interleaved_data(Forge::kTsn + 1, kFlagBegin, 0, 0, 100, 3));
  forge.inject(
      skip(Forge::kTsn + 1, {{0x00030000, 0xFFFFFFFF}, {0x00030001, 0x7FFFFFFF}, {0xFFFF0000, 5}, {0x00030000, 0}}));
  forge.inject(skip(Forge::kTsn + 0x7fffffff, {{0x00030000, 0}}));  // too far ahead
  for (int i = 0; i < 10'000; ++i) forge.inject(skip(Forge::kTsn + 1, {{0x00030000, 0}, {0x00040001, 77}}));
  // A list that is cut.
  Bytes cut = skip(Forge::kTsn + 2, {{0x00030000, 0}});
  cut[3] = static_cast<std::uint8_t>(cut[3] - 4);
  forge.inject(cut);
  EXPECT_EQ(forge.stats().receive_buffered, 0U);
  expect_alive(forge);
  // What comes next on the stream is taken in order again.
  forge.inject(Forge::interleaved_data(Forge::kTsn + 2, 3, 1, 0, 10, 3));
  ASSERT_EQ(forge.wire.b.messages.size(), 1U);
}

}  // namespace
}  // namespace tidewire::sctp
