// I-DATA and the scheduler of streams (RFC 8260): no message holds up those of other streams.
#include <gtest/gtest.h>

#include <algorithm>

#include "sctp/packet/chunk.h"
#include "sctp/path_for_test.h"
#include "sctp/wire_for_test.h"

namespace tidewire::sctp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

WireOptions large_messages() {
  WireOptions options{.delay = milliseconds(5)};
  options.a.max_message_size = options.b.max_message_size = 8 * 1024 * 1024;
  return options;
}

std::size_t chunks_of(ByteView packet, ChunkType type) {
  std::size_t count = 0;
  ChunkReader reader(packet.subspan(kCommonHeaderSize));
  while (const auto chunk = reader.next()) count += chunk->type == type;
  return count;
}

TEST(SctpInterleaving, IsUsedWhenBothSidesOfferIt) {
  for (const bool a : {true, false}) {
    for (const bool b : {true, false}) {
      WireOptions options;
      options.a.interleaving = a;
      options.b.interleaving = b;
      Wire wire(options);
      std::size_t data = 0;
      std::size_t interleaved = 0;
      wire.tap = [&](bool, ByteView packet) {
        data += chunks_of(packet, ChunkType::kData);
        interleaved += chunks_of(packet, ChunkType::kInterleavedData);
        return false;
      };
      wire.connect();
      ASSERT_TRUE(wire.a.association.send(message(1, pattern(5000, 1)), wire.now).has_value());
      ASSERT_TRUE(wire.b.association.send(message(1, pattern(5000, 1)), wire.now).has_value());
      ASSERT_TRUE(wire.run_while([&] { return wire.a.messages.empty() || wire.b.messages.empty(); }));
      EXPECT_EQ(data, a && b ? 0U : 10U);
      EXPECT_EQ(interleaved, a && b ? 10U : 0U);
      EXPECT_EQ(wire.b.messages[0].payload, pattern(5000, 1));
      EXPECT_EQ(wire.b.messages[0].ppid, Ppid(53));
    }
  }
}

TEST(SctpInterleaving, ASmallMessageDoesNotWaitForALargeOne) {
  Wire wire(large_messages());
  wire.connect();
  ASSERT_TRUE(wire.a.association.send(message(1, pattern(8'000'000, 1)), wire.now).has_value());
  wire.run_for(milliseconds(30));
  const Timestamp sent = wire.now;
  ASSERT_TRUE(wire.a.association.send(message(2, pattern(100, 2)), wire.now).has_value());
  ASSERT_TRUE(wire.run_while([&] { return wire.b.messages.empty(); }));
  EXPECT_EQ(wire.b.messages[0].stream, StreamId(2));
  EXPECT_LE(wire.now - sent, milliseconds(10) + milliseconds(5));  // until a SACK opens the window, and the way
  ASSERT_TRUE(wire.run_while([&] { return wire.b.messages.size() < 2; }));
  EXPECT_EQ(wire.b.messages[1].payload, pattern(8'000'000, 1));
}

TEST(SctpInterleaving, StreamsShareByTheirPriorities) {
  PathOptions options{.bits_per_second = 10'000'000, .rtt = milliseconds(20)};
  Path path(options);
  path.connect();
  std::map<StreamId, std::size_t> received;
  const auto top_up = [&] {
    for (const auto& [stream, priority] : {std::pair(1, 128), std::pair(2, 256), std::pair(3, 1024)}) {
      while (path.a.buffered_amount(StreamId(static_cast<std::uint16_t>(stream))) < 200'000) {
        SendOptions send;
        send.priority = static_cast<std::uint16_t>(priority);
        // Sizes do not matter, only bytes do.
        ASSERT_TRUE(path.a.send(
            message(static_cast<std::uint16_t>(stream), Bytes(static_cast<std::size_t>(stream) * 7000), send),
            path.now));
      }
    }
  };
  path.on_message = [&](const MessageReceived& message) { received[message.stream] += message.payload.size(); };
  for (int i = 0; i < 300; ++i) {
    top_up();
    path.run_for(milliseconds(10));
  }
  const auto share = [&](std::uint16_t stream) { return static_cast<double>(received[StreamId(stream)]); };
  EXPECT_NEAR(share(2) / share(1), 2.0, 0.15);
  EXPECT_NEAR(share(3) / share(1), 8.0, 0.6);
}

TEST(SctpInterleaving, ManyLargeMessagesAtOnceAllArriveInASmallWindow) {
  for (const std::uint32_t loss : {0U, 3U}) {
    WireOptions options{.delay = milliseconds(5), .loss_percent = loss};
    options.b.a_rwnd = 1024 * 1024;
    Wire wire(options);
    wire.connect();
    constexpr std::uint16_t kStreams = 60;
    for (std::uint16_t stream = 0; stream < kStreams; ++stream) {
      SendOptions send;
      send.ordered = stream % 2 == 0;
      ASSERT_TRUE(wire.a.association.send(message(stream, pattern(256 * 1024, stream), send), wire.now));
    }
    ASSERT_TRUE(wire.run_while([&] { return wire.b.messages.size() < kStreams; }));
    for (const MessageReceived& message : wire.b.messages) {
      EXPECT_EQ(message.payload, pattern(256 * 1024, message.stream.value()));
    }
    // No stall: the window never was full of beginnings.
    EXPECT_EQ(wire.a.association.stats().timeouts, 0U);
  }
}

TEST(SctpInterleaving, AHugeMessageLeavesRoomForLargeOnes) {
  Wire wire(large_messages());
  wire.connect();
  ASSERT_TRUE(wire.a.association.send(message(1, pattern(8'000'000, 1)), wire.now));
  ASSERT_TRUE(wire.a.association.send(message(2, pattern(7'000'000, 2)), wire.now));
  wire.run_for(milliseconds(20));
  for (std::uint16_t stream = 3; stream < 10; ++stream) {
    ASSERT_TRUE(wire.a.association.send(message(stream, pattern(100'000, stream)), wire.now));
  }
  ASSERT_TRUE(wire.run_while([&] { return wire.b.messages.size() < 9; }));
  // Those that came last are done first; of the two huge ones one waits for the other.
  for (std::size_t i = 0; i < 7; ++i) EXPECT_EQ(wire.b.messages[i].payload.size(), 100'000U) << i;
  EXPECT_EQ(wire.b.messages[7].payload, pattern(8'000'000, 1));
  EXPECT_EQ(wire.b.messages[8].payload, pattern(7'000'000, 2));
}

TEST(SctpInterleaving, GivesUpInterleavedMessagesAndNoOthers) {
  WireOptions options{.seed = 5, .delay = milliseconds(20), .loss_percent = 10, .reorder_percent = 10};
  Wire wire(options);
  wire.connect();
  std::size_t reliable = 0;
  for (std::uint32_t round = 0; round < 40; ++round) {
    for (std::uint16_t stream = 0; stream < 6; ++stream) {
      SendOptions send;
      send.ordered = stream % 2 == 0;
      if (stream >= 2) send.max_retransmits = 0;
      if (stream < 2) ++reliable;
      const std::size_t size = 10 + (round * 977 + stream * 3001U) % 20'000;
      ASSERT_TRUE(wire.a.association.send(message(stream, pattern(size, round * 10 + stream), send), wire.now));
    }
    wire.run_for(milliseconds(100));
  }
  wire.run_for(seconds(60));
  std::map<StreamId, std::vector<std::uint32_t>> rounds;
  for (const MessageReceived& got : wire.b.messages) {
    std::uint32_t round = 0;
    while (round < 40 && got.payload != pattern(got.payload.size(), round * 10 + got.stream.value())) ++round;
    ASSERT_LT(round, 40U) << "a message of stream " << got.stream.value() << " was not sent like this";
    auto& seen = rounds[got.stream];
    ASSERT_EQ(std::count(seen.begin(), seen.end(), round), 0);
    seen.push_back(round);
  }
  EXPECT_EQ(rounds[StreamId(0)].size() + rounds[StreamId(1)].size(), reliable);
  for (const std::uint16_t ordered : std::initializer_list<std::uint16_t>{0, 2, 4}) {
    EXPECT_TRUE(std::is_sorted(rounds[StreamId(ordered)].begin(), rounds[StreamId(ordered)].end()));
  }
  for (const std::uint16_t limited : std::initializer_list<std::uint16_t>{2, 3, 4, 5}) {
    EXPECT_GT(rounds[StreamId(limited)].size(), 3U);
    EXPECT_LT(rounds[StreamId(limited)].size(), 40U);
  }
  EXPECT_EQ(wire.a.association.buffered_amount(), 0U);
  EXPECT_EQ(wire.b.association.stats().receive_buffered, 0U);
}

}  // namespace
}  // namespace tidewire::sctp
