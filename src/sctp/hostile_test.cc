// What a peer that breaks the rules can and cannot do.
#include <gtest/gtest.h>

#include "sctp/forge_for_test.h"

namespace tidewire::sctp {
namespace {

using std::chrono::seconds;

TEST(SctpHostile, TruncatedChunksOfEveryTypeDoNoHarm) {
  const auto fields = [](std::initializer_list<std::uint32_t> words) {
    return [words = std::vector<std::uint32_t>(words)](ByteWriter& w) {
      for (const std::uint32_t word : words) w.u32(word);
    };
  };
  const std::vector<Bytes> chunks{
      Forge::data(Forge::kTsn + 5, 3, 9, 20),
      Forge::chunk(ChunkType::kInit, 0, fields({7, 65536, 0x000a000a, 1, 0xc0000004})),
      Forge::chunk(ChunkType::kInitAck, 0, fields({7, 65536, 0x000a000a, 1, 0x00070008, 0x01020304})),
      Forge::chunk(ChunkType::kSack, 0, fields({Forge::kTsn - 1, 65536, 0x00010001, 0x00020003, 77})),
      Forge::chunk(ChunkType::kHeartbeat, 0, fields({0x0001000c, 1, 2})),
      Forge::chunk(ChunkType::kHeartbeatAck, 0, fields({0x0001000c, 1, 2})),
      Forge::chunk(ChunkType::kError, 0, fields({0x0003000c, 1, 2})),
      Forge::chunk(ChunkType::kCookieEcho, 0, fields({1, 2, 3, 4})),
      Forge::chunk(ChunkType::kCookieAck, 0, fields({})),
      Forge::chunk(ChunkType::kShutdownComplete, 0, fields({})),
      Forge::chunk(ChunkType::kReConfig, 0, fields({0x000d0014, Forge::kTsn, 1, Forge::kTsn, 0x00010002})),
      Forge::chunk(ChunkType::kReConfig, 0, fields({0x0010000c, 1, 1})),
      Forge::chunk(ChunkType::kForwardTsn, 0, fields({Forge::kTsn - 1, 0x00010002})),
      Forge::chunk(static_cast<ChunkType>(0x3f), 0, fields({1, 2})),
      Forge::chunk(static_cast<ChunkType>(0xff), 0, fields({1, 2})),
  };
  Forge forge;
  for (const Bytes& whole : chunks) {
    for (std::size_t size = 1; size <= whole.size(); ++size) {
      Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      forge.inject(cut);  // the length lies
      if (size < 4) continue;
      cut[2] = 0;
      cut[3] = static_cast<std::uint8_t>(size);
      // A DATA chunk that is cut to nothing is the one thing that the RFC wants answered with an ABORT.
      if (cut[0] == 0 && size == kDataHeaderSize) continue;
      forge.inject(cut);  // the length is right, the contents are cut
    }
  }
  EXPECT_TRUE(forge.wire.b.association.connected());
  EXPECT_GT(forge.stats().chunks_dropped, 50U);
  // A DATA chunk that came whole did fill a place; the honest peer's first message takes another one.
  ASSERT_TRUE(forge.wire.b.association.send(message(0, pattern(5000, 1)), forge.wire.now).has_value());
  EXPECT_TRUE(forge.wire.run_while([&] { return forge.wire.a.messages.empty(); }));
}

TEST(SctpHostile, ADataChunkWithoutDataEndsTheAssociation) {
  Forge forge;
  forge.inject(Forge::data(Forge::kTsn, 3, 0, 0));
  ASSERT_EQ(forge.wire.b.of<Closed>().size(), 1U);
  EXPECT_EQ(forge.wire.b.of<Closed>()[0].reason, CloseReason::kProtocolError);
  forge.wire.run_for(seconds(1));
  EXPECT_NE(forge.wire.a.of<Closed>().at(0).text.find("No User Data"), std::string::npos);
}

TEST(SctpHostile, WrongTagChecksumOrPortIsDropped) {
  Forge forge;
  forge.inject(Forge::data(Forge::kTsn, 3, 0, 4), forge.tag + 1);
  forge.inject(Forge::chunk(ChunkType::kAbort, 0, [](ByteWriter&) {}), forge.tag + 1);
  forge.inject(Forge::chunk(ChunkType::kAbort, 1, [](ByteWriter&) {}), forge.tag);
  EXPECT_EQ(forge.stats().packets_dropped, 3U);
  Bytes broken = Forge::packet(Forge::data(Forge::kTsn, 3, 0, 4), forge.tag);
  broken.back() ^= 1;
  forge.wire.b.association.handle_input(broken, forge.wire.now);
  EXPECT_EQ(forge.stats().packets_dropped, 4U);
  EXPECT_TRUE(forge.wire.b.association.connected());
  EXPECT_TRUE(forge.wire.b.messages.empty());
}

TEST(SctpHostile, AnEndlessMessageEndsInAnAbortWithinTheLimit) {
  Forge forge;
  for (std::uint32_t i = 0; i < 100 && forge.wire.b.of<Closed>().empty(); ++i) {
    forge.inject(Forge::data(Forge::kTsn + i, i == 0 ? 2 : 0, 0, 1000));
    EXPECT_LE(forge.stats().receive_buffered, 20U * 1024);
  }
  ASSERT_EQ(forge.wire.b.of<Closed>().size(), 1U);
  EXPECT_EQ(forge.wire.b.of<Closed>()[0].reason, CloseReason::kResourceLimit);
}

TEST(SctpHostile, MessagesThatNeverGetTheirTurnAreBounded) {
  Forge forge;
  // SSN 0 never comes; no TSN is missing.
  std::uint32_t i = 0;
  for (; i < 20000 && forge.wire.b.of<Closed>().empty(); ++i) {
    forge.inject(Forge::data(Forge::kTsn + i, 3, static_cast<std::uint16_t>(i + 1), 10));
    ASSERT_LE(forge.stats().receive_buffered, 130U * 1024);
  }
  EXPECT_EQ(forge.wire.b.of<Closed>().at(0).reason, CloseReason::kResourceLimit);
}

TEST(SctpHostile, ChunksBeyondAGapAreBounded) {
  Forge forge;
  for (std::uint32_t i = 1; i < 60000; i += 2) {
    forge.inject(Forge::data(Forge::kTsn + i, 2, 0, 1, 5));
    ASSERT_LE(forge.stats().receive_buffered, 130U * 1024 + sizeof(Event));
  }
  forge.inject(Forge::data(Forge::kTsn + 70000, 3, 0, 4));
  forge.inject(Forge::data(Forge::kTsn + 0x7fffffff, 3, 0, 4));
  EXPECT_TRUE(forge.wire.b.association.connected());
  EXPECT_TRUE(forge.wire.b.messages.empty());
}

TEST(SctpHostile, ASackForWhatWasNeverSentIsDropped) {
  Forge forge;
  for (const std::uint32_t ahead : {1U, 100U, 0x7fffffffU}) {
    // Our TSN is random in b; what it says of itself is in its SACK-free INIT, so ask for everything.
    for (std::uint32_t quadrant = 0; quadrant < 4; ++quadrant) {
      forge.inject(Forge::chunk(ChunkType::kSack, 0, [&](ByteWriter& w) {
        w.u32((quadrant << 30) + ahead);
        w.u32(100000);
        w.u32(0);
      }));
    }
  }
  EXPECT_TRUE(forge.wire.b.association.connected());
  ASSERT_TRUE(forge.wire.b.association.send(message(0, pattern(50000, 1)), forge.wire.now).has_value());
  EXPECT_TRUE(forge.wire.run_while([&] { return forge.wire.a.messages.empty(); }));
}

TEST(SctpHostile, ASackOfThousandsOfBlocksIsDropped) {
  Forge forge;
  ASSERT_TRUE(forge.wire.b.association.send(message(0, pattern(50000, 1)), forge.wire.now).has_value());
  forge.wire.settle();
  for (std::uint32_t i = 0; i < 1000; ++i) {
    forge.inject(Forge::chunk(ChunkType::kSack, 0, [&](ByteWriter& w) {
      w.u32(i << 22);
      w.u32(100000);
      w.u16(400);
      w.u16(0);
      for (std::uint32_t block = 0; block < 400; ++block) {
        w.u16(block * 3 + 2);
        w.u16(block * 3 + 3);
      }
    }));
  }
  EXPECT_TRUE(forge.wire.run_while([&] { return forge.wire.a.messages.empty(); }));
}

TEST(SctpHostile, FloodsOfInitsAreAnsweredWithinABoundAndCostNoState) {
  Wire wire;
  const Bytes init = Forge::chunk(ChunkType::kInit, 0, [](ByteWriter& w) {
    w.u32(77);
    w.u32(65536);
    w.u32(0x000a000a);
    w.u32(1);
  });
  Bytes packet(kCommonHeaderSize);
  ByteWriter writer(packet);
  writer.u16(5000);
  writer.u16(5000);
  packet.insert(packet.end(), init.begin(), init.end());
  const std::uint32_t checksum = packet_checksum(packet);
  for (std::size_t i = 0; i < 4; ++i) packet[8 + i] = static_cast<std::uint8_t>(checksum >> (8 * i));
  for (int i = 0; i < 10000; ++i) wire.b.association.handle_input(packet, wire.now);
  int answers = 0;
  while (wire.b.association.poll_transmit()) ++answers;
  EXPECT_EQ(answers, 32);
  wire.connect();
  EXPECT_TRUE(wire.a.association.connected());
}

TEST(SctpHostile, AForgedOrStaleCookieOpensNothing) {
  // Taken off the wire, changed, and put back.
  for (int kind = 0; kind < 3; ++kind) {
    Wire wire;
    Bytes echo;
    wire.tap = [&](bool from_a, ByteView packet) {
      if (!from_a || packet[12] != static_cast<std::uint8_t>(ChunkType::kCookieEcho) || !echo.empty()) return false;
      echo.assign(packet.begin(), packet.end());
      return true;
    };
    wire.a.association.connect(wire.now);
    ASSERT_TRUE(wire.run_while([&] { return echo.empty(); }));
    Timestamp at = wire.now;
    if (kind == 1) echo[30] ^= 1;
    if (kind == 2) at += seconds(70);
    const std::uint32_t checksum = packet_checksum(echo);
    for (std::size_t i = 0; i < 4; ++i) echo[8 + i] = static_cast<std::uint8_t>(checksum >> (8 * i));
    wire.b.association.handle_input(echo, at);
    EXPECT_EQ(wire.b.association.connected(), kind == 0) << kind;
  }
}

TEST(SctpHostile, ARestartIsRefused) {
  Forge forge;
  const std::size_t before = forge.seen.size();
  forge.inject(Forge::chunk(ChunkType::kInit, 0,
                            [](ByteWriter& w) {
                              w.u32(77);
                              w.u32(65536);
                              w.u32(0x000a000a);
                              w.u32(1);
                            }),
               0);
  EXPECT_EQ(forge.seen.size(), before);
  for (const auto& [from_a, packet] : forge.seen) {
    if (from_a && packet[12] == static_cast<std::uint8_t>(ChunkType::kCookieEcho)) {
      forge.wire.b.association.handle_input(packet, forge.wire.now);
    }
  }
  EXPECT_EQ(forge.wire.b.of<Connected>().size(), 1U);
  EXPECT_TRUE(forge.wire.b.association.connected());
}

TEST(SctpHostile, StormsOfForwardTsnAndResetsAreBounded) {
  Forge forge;
  forge.wire.b.polls = false;
  for (std::uint32_t i = 0; i < 5000; ++i) {
    forge.inject(Forge::chunk(ChunkType::kForwardTsn, 0, [&](ByteWriter& w) {
      w.u32(Forge::kTsn + i);
      for (std::uint32_t s = 0; s < 280; ++s) {
        w.u16((i * 280 + s) % 65536);
        w.u16(i * 7);
      }
    }));
    forge.inject(Forge::chunk(ChunkType::kReConfig, 0, [&](ByteWriter& w) {
      w.u16(kParamOutgoingReset);
      w.u16(16);
      w.u32(Forge::kTsn + i);
      w.u32(0);
      w.u32(Forge::kTsn + i);
    }));
  }
  forge.wire.poll_events(forge.wire.b);
  EXPECT_LE(forge.wire.b.of<IncomingStreamsReset>().size(), 65U);
  EXPECT_TRUE(forge.wire.b.association.connected());
}

TEST(SctpHostile, RandomBytesUnderARightChecksumDoNoHarm) {
  crypto::Random random = crypto::Random::from_test_seed(4);
  Forge forge;
  for (int i = 0; i < 20000; ++i) {
    Bytes chunks(4 + random.below(60));
    random.fill(chunks);
    const std::uint8_t types[] = {0, 3, 4, 5, 9, 10, 11, 130, 192, 1, 2};
    chunks[0] = types[random.below(sizeof types)];
    chunks[2] = 0;
    chunks[3] = static_cast<std::uint8_t>(chunks.size());
    if (chunks[0] == 0 && chunks.size() == kDataHeaderSize) continue;
    forge.inject(chunks);
  }
  EXPECT_TRUE(forge.wire.b.association.connected());
}

TEST(SctpHostile, DataOfAStreamThatThereIsNotIsAcknowledgedAndReported) {
  WireOptions options = Forge::defaults();
  options.a.streams = 10;
  Forge forge(options);
  forge.seen.clear();
  forge.inject(Forge::data(Forge::kTsn, 3, 0, 4, 10));
  ASSERT_FALSE(forge.seen.empty());
  bool reported = false;
  for (const auto& [from_a, packet] : forge.seen) {
    ChunkReader reader(ByteView(packet).subspan(kCommonHeaderSize));
    while (const auto chunk = reader.next()) {
      reported |= chunk->type == ChunkType::kError && has_cause(chunk->value, Cause::kInvalidStreamIdentifier);
    }
  }
  EXPECT_TRUE(reported);
  // The next one is in order.
  forge.inject(Forge::data(Forge::kTsn + 1, 3, 0, 4, 9));
  EXPECT_EQ(forge.wire.b.messages.size(), 1U);
}

}  // namespace
}  // namespace tidewire::sctp
