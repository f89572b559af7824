// Lengths that lie, and what a stranger or a forger can do to the handshake and to control chunks.
#include <gtest/gtest.h>

#include <algorithm>

#include "sctp/forge_for_test.h"
#include "sctp/heap_for_test.h"

namespace tidewire::sctp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kMiB = 1024 * 1024;

void patch_u16(Bytes& bytes, std::size_t at, std::size_t value) {
  bytes[at] = static_cast<std::uint8_t>(value >> 8);
  bytes[at + 1] = static_cast<std::uint8_t>(value & 0xFF);
}

TEST(SctpHostileSetup, ChunksWithLyingLengthsDoNoHarm) {
  const Bytes following = Forge::words(ChunkType::kHeartbeat, {0x0001000c, 1, 2});
  Forge forge;
  for (const int type : {0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 14, 63, 64, 127, 130, 191, 192, 255}) {
    Bytes chunk = Forge::words(static_cast<ChunkType>(type), {Forge::kTsn + 100, 1, 2, 3, 4, 5, 6});
    for (const std::size_t lie : {0U, 1U, 2U, 3U, 33U, 36U, 44U, 45U, 255U, 256U, 4096U, 32767U, 32768U, 65535U}) {
      patch_u16(chunk, 2, lie);
      Bytes chunks = chunk;
      forge.inject(chunks);
      // Those that swallow what follows, or a part of it. (A longer SHUTDOWN is still one.)
      chunks.insert(chunks.end(), following.begin(), following.end());
      if (static_cast<ChunkType>(type) != ChunkType::kShutdown) forge.inject(chunks);
    }
  }
  EXPECT_TRUE(forge.wire.b.messages.empty());
  ASSERT_TRUE(forge.wire.b.association.connected());
  EXPECT_TRUE(forge.target_still_delivers());
}

TEST(SctpHostileSetup, ParametersWithLyingLengthsDoNoHarm) {
  struct Case {
    ChunkType type;
    std::size_t before;  // bytes of the chunk's value before the parameter
  };
  Forge forge;
  for (const Case& c : {Case{ChunkType::kInit, 16}, Case{ChunkType::kInitAck, 16}, Case{ChunkType::kHeartbeat, 0},
                        Case{ChunkType::kHeartbeatAck, 0}, Case{ChunkType::kError, 0}, Case{ChunkType::kReConfig, 0}}) {
    for (const int type : {0, 1, 3, 7, 8, 13, 14, 15, 16, 17, 18, 0x8001, 0x8008, 0xC000, 0xFFFF}) {
      for (const int lie : {0, 1, 3, 4, 5, 7, 8, 15, 16, 17, 23, 24, 25, 1000, 65535}) {
        forge.inject(Forge::chunk(c.type, 0, [&](ByteWriter& w) {
          w.zeroes(c.before);
          w.u16(static_cast<std::uint64_t>(type));
          w.u16(static_cast<std::uint64_t>(lie));
          w.zeroes(20);
        }));
      }
    }
  }
  ASSERT_TRUE(forge.wire.b.association.connected());
  EXPECT_TRUE(forge.target_still_delivers());
}

TEST(SctpHostileSetup, CountsThatSayMoreThanThereIsDoNoHarm) {
  Forge forge;
  const std::uint64_t before = forge.stats().chunks_dropped;
  for (const std::uint32_t counts : {0x00010000U, 0xffff0000U, 0x00000001U, 0x0000ffffU, 0xffffffffU, 0x80008000U}) {
    forge.inject(Forge::words(ChunkType::kSack, {Forge::kTargetTsn - 1, 100000, counts}));
  }
  EXPECT_EQ(forge.stats().chunks_dropped, before + 6);
  for (std::size_t odd = 1; odd < 4; ++odd) {
    forge.inject(Forge::chunk(ChunkType::kForwardTsn, 0, [&](ByteWriter& w) {
      w.u32(Forge::kTsn + 5);
      w.zeroes(odd);
    }));
  }
  EXPECT_EQ(forge.stats().chunks_dropped, before + 9);
  EXPECT_TRUE(forge.target_still_delivers());
}

TEST(SctpHostileSetup, HeartbeatsOfEverySizeAreAnsweredOrDropped) {
  Forge forge;
  forge.wire.b.polls = false;
  int answers = 0;
  for (std::size_t size = 0; size < 3000; ++size) {
    forge.inject_unpolled(Forge::chunk(ChunkType::kHeartbeat, 0, [&](ByteWriter& w) { w.zeroes(size); }));
    int packets = 0;
    while (const auto packet = forge.wire.b.association.poll_transmit()) {
      ASSERT_LE(packet->size(), Config{}.mtu);
      ++packets;
    }
    ASSERT_LE(packets, 1) << size;
    answers += packets;
  }
  // All that leave room for the headers of the packet and the chunk.
  EXPECT_EQ(answers, 1188 - 12 - 4 + 1);
  EXPECT_TRUE(forge.target_still_delivers());
}

TEST(SctpHostileSetup, AFloodOfInitsCostsNoMemoryAndDelaysNobody) {
  Wire wire;
  wire.b.association.handle_input(Forge::packet(Forge::init(), 0), wire.now);
  const std::size_t before = heap_in_use();
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    wire.b.association.handle_input(Forge::packet(Forge::init(i + 1), 0), wire.now);
    ASSERT_LE(heap_in_use(), before + 64 * 1024);
  }
  int answers = 0;
  while (wire.b.association.poll_transmit()) ++answers;
  EXPECT_EQ(answers, 32);
  EXPECT_EQ(wire.b.association.next_timeout(), kNever);
  wire.connect();
  EXPECT_TRUE(wire.a.association.connected());
  // It goes on after the handshake, and nobody answers any more.
  const std::uint64_t sent = wire.b.association.stats().packets_sent;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    wire.b.association.handle_input(Forge::packet(Forge::init(i + 1), 0), wire.now);
    ASSERT_FALSE(wire.b.association.poll_transmit().has_value());
  }
  EXPECT_EQ(wire.b.association.stats().packets_sent, sent);
}

TEST(SctpHostileSetup, AnInitThatFindsTheOutboxFullSpoilsNoAnswerInIt) {
  Wire wire;
  for (std::uint32_t i = 0; i < 40; ++i) {
    wire.b.association.handle_input(Forge::packet(Forge::init(77), 0), wire.now);
  }
  wire.b.association.connect(wire.now);
  while (const auto packet = wire.b.association.poll_transmit()) {
    ASSERT_EQ(ChunkType{packet->bytes()[kCommonHeaderSize]}, ChunkType::kInitAck);
    ASSERT_EQ(tag_of(packet->bytes()), 77U);
  }
  // The INIT is sent again in time.
  EXPECT_TRUE(wire.run_while([&] { return !wire.b.association.connected(); }, seconds(5)));
}

// The COOKIE ECHO of a, taken off the wire.
Bytes catch_cookie_echo(Wire& wire) {
  Bytes echo;
  wire.tap = [&](bool from_a, ByteView packet) {
    if (!from_a || ChunkType{packet[kCommonHeaderSize]} != ChunkType::kCookieEcho) return false;
    if (echo.empty()) echo.assign(packet.begin(), packet.end());
    return true;
  };
  wire.a.association.connect(wire.now);
  wire.run_while([&] { return echo.empty(); });
  wire.tap = nullptr;
  return echo;
}

TEST(SctpHostileSetup, ACookieWithAnyBitWrongOpensNothing) {
  Wire wire;
  const Bytes echo = catch_cookie_echo(wire);
  const std::size_t before = heap_in_use();
  const auto length = static_cast<std::size_t>(echo[14] << 8 | echo[15]);  // without padding
  for (std::size_t at = kCommonHeaderSize + kChunkHeaderSize; at < kCommonHeaderSize + length; ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      Bytes changed = echo;
      changed[at] ^= static_cast<std::uint8_t>(1 << bit);
      Forge::seal(changed);
      wire.b.association.handle_input(changed, wire.now);
      ASSERT_FALSE(wire.b.association.connected()) << at << " bit " << bit;
      ASSERT_FALSE(wire.b.association.poll_transmit().has_value()) << at << " bit " << bit;
    }
  }
  EXPECT_LE(heap_in_use(), before + 1024);
  wire.b.association.handle_input(echo, wire.now);
  EXPECT_TRUE(wire.b.association.connected());
}

TEST(SctpHostileSetup, ACookieOfAnotherLengthOpensNothing) {
  Wire wire;
  const Bytes echo = catch_cookie_echo(wire);
  for (std::size_t size = kCommonHeaderSize + kChunkHeaderSize; size < 2 * echo.size(); ++size) {
    if (size == kCommonHeaderSize + static_cast<std::size_t>(echo[14] << 8 | echo[15])) continue;
    Bytes changed = echo;
    changed.resize(size);
    patch_u16(changed, 14, size - kCommonHeaderSize);
    Forge::seal(changed);
    wire.b.association.handle_input(changed, wire.now);
    ASSERT_FALSE(wire.b.association.connected()) << size;
  }
}

TEST(SctpHostileSetup, TheCookieOfAnotherAssociationOpensNothing) {
  Wire wire;
  const Bytes own = catch_cookie_echo(wire);
  WireOptions others;
  others.seed = 2;
  Wire other(others);
  Bytes foreign = catch_cookie_echo(other);
  wire.b.association.handle_input(foreign, wire.now);
  EXPECT_FALSE(wire.b.association.connected());
  // Also when it is sent with the right tag.
  std::copy(own.begin() + 4, own.begin() + 8, foreign.begin() + 4);
  Forge::seal(foreign);
  wire.b.association.handle_input(foreign, wire.now);
  EXPECT_FALSE(wire.b.association.connected());
  EXPECT_FALSE(wire.b.association.poll_transmit().has_value());
  wire.b.association.handle_input(own, wire.now);
  EXPECT_TRUE(wire.b.association.connected());
}

TEST(SctpHostileSetup, AnExpiredCookieIsCalledStaleAndTheHandshakeBeginsAgain) {
  Wire wire;
  const Bytes echo = catch_cookie_echo(wire);
  // While many INITs wait for their answers; the error goes to the peer whose cookie it was.
  for (std::uint32_t i = 0; i < 31; ++i) wire.b.association.handle_input(Forge::packet(Forge::init(), 0), wire.now);
  wire.now += seconds(70);
  wire.b.association.handle_input(echo, wire.now);
  EXPECT_FALSE(wire.b.association.connected());
  std::vector<Bytes> answers;
  while (const auto packet = wire.b.association.poll_transmit()) {
    answers.emplace_back(packet->bytes().begin(), packet->bytes().end());
  }
  ASSERT_EQ(answers.size(), 32U);
  ASSERT_EQ(ChunkType{answers.back()[kCommonHeaderSize]}, ChunkType::kError);
  wire.a.association.handle_input(answers.back(), wire.now);
  EXPECT_TRUE(wire.run_while([&] { return !wire.a.association.connected(); }, seconds(5)));
}

TEST(SctpHostileSetup, ACookieIsNoUseAfterTheEnd) {
  Wire wire;
  const Bytes echo = catch_cookie_echo(wire);
  wire.b.association.handle_input(echo, wire.now);
  ASSERT_TRUE(wire.b.association.connected());
  wire.b.association.abort("enough", wire.now);
  while (wire.b.association.poll_transmit()) {
  }
  wire.b.association.handle_input(echo, wire.now);
  EXPECT_FALSE(wire.b.association.connected());
  EXPECT_FALSE(wire.b.association.poll_transmit().has_value());
}

TEST(SctpHostileSetup, FloodsOfControlChunksAreAnsweredWithinABound) {
  const std::vector<Bytes> floods{
      Forge::chunk(ChunkType::kHeartbeat, 0, [](ByteWriter& w) { w.zeroes(1000); }),
      Forge::chunk(static_cast<ChunkType>(0xff), 0, [](ByteWriter& w) { w.zeroes(1000); }),
      Forge::words(ChunkType::kCookieAck, {}),
      Forge::words(ChunkType::kShutdownAck, {}),
      Forge::words(ChunkType::kHeartbeatAck, {0x0001000c, 1, 2}),
      Forge::words(ChunkType::kError, {0x0003000c, 1, 2}),
  };
  for (const Bytes& flood : floods) {
    Forge forge;
    const std::size_t before = heap_in_use();
    for (int i = 0; i < 20'000; ++i) {
      forge.wire.b.association.handle_input(Forge::packet(flood, forge.tag), forge.wire.now);
      ASSERT_LE(heap_in_use(), before + kMiB / 8) << static_cast<int>(flood[0]);
    }
    int answers = 0;
    while (forge.wire.b.association.poll_transmit()) ++answers;
    EXPECT_LE(answers, 32) << static_cast<int>(flood[0]);
    EXPECT_TRUE(forge.target_still_delivers()) << static_cast<int>(flood[0]);
  }
}

}  // namespace
}  // namespace tidewire::sctp
