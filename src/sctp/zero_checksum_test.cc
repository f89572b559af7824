// RFC 9653: who sends a checksum of zero, and who takes it.
#include <gtest/gtest.h>

#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "sctp/packet/crc32c.h"
#include "sctp/packet/messages.h"
#include "sctp/wire_for_test.h"

namespace tidewire::sctp {
namespace {

using std::chrono::milliseconds;

std::uint32_t checksum_of(ByteView packet) {
  return packet[8] | std::uint32_t{packet[9]} << 8 | std::uint32_t{packet[10]} << 16 | std::uint32_t{packet[11]} << 24;
}
std::uint32_t tag_of(ByteView packet) { return ByteReader(packet.subspan(4)).u32(); }

void set_checksum(Bytes& packet, std::uint32_t checksum) {
  for (std::size_t i = 0; i < 4; ++i) packet[8 + i] = static_cast<std::uint8_t>(checksum >> (8 * i));
}

// How the packets of each chunk type that begins them were sealed.
struct Sealed {
  int zero = 0;
  int real = 0;
  int wrong = 0;

  void count(ByteView packet) {
    const std::uint32_t checksum = checksum_of(packet);
    if (checksum == packet_checksum(packet))
      ++real;
    else
      ++(checksum == 0 ? zero : wrong);
  }
};

struct Watched {
  explicit Watched(const WireOptions& options) : wire(options) {
    wire.tap = [this](bool from_a, ByteView packet) {
      sealed[{from_a, ChunkType{packet[kCommonHeaderSize]}}].count(packet);
      last[from_a].assign(packet.begin(), packet.end());
      return false;
    };
  }
  // A conversation both ways, from the first packet to the last.
  void talk(bool both_open) {
    wire.a.association.connect(wire.now);
    if (both_open) wire.b.association.connect(wire.now);
    ASSERT_TRUE(wire.run_while([&] { return !wire.a.association.connected() || !wire.b.association.connected(); }));
    ASSERT_TRUE(wire.a.association.send(message(1, pattern(5000, 1)), wire.now).has_value());
    ASSERT_TRUE(wire.b.association.send(message(1, pattern(5000, 2)), wire.now).has_value());
    ASSERT_TRUE(wire.run_while([&] { return wire.a.messages.empty() || wire.b.messages.empty(); }));
    EXPECT_EQ(wire.b.messages[0].payload, pattern(5000, 1));
    EXPECT_EQ(wire.a.messages[0].payload, pattern(5000, 2));
    wire.a.association.shutdown(wire.now);
    ASSERT_TRUE(wire.run_while([&] { return wire.a.of<Closed>().empty() || wire.b.of<Closed>().empty(); }));
    EXPECT_EQ(wire.a.of<Closed>()[0].reason, CloseReason::kShutdown);
    EXPECT_EQ(wire.a.association.stats().packets_dropped, 0U);
    EXPECT_EQ(wire.b.association.stats().packets_dropped, 0U);
  }
  Sealed of(ChunkType type) const {
    Sealed sum;
    for (const bool from_a : {false, true}) {
      const auto found = sealed.find({from_a, type});
      if (found == sealed.end()) continue;
      sum.zero += found->second.zero, sum.real += found->second.real, sum.wrong += found->second.wrong;
    }
    return sum;
  }
  Sealed all(bool from_a) const {
    Sealed sum;
    for (const auto& [key, one] : sealed) {
      if (key.first == from_a) sum.zero += one.zero, sum.real += one.real, sum.wrong += one.wrong;
    }
    return sum;
  }

  Wire wire;
  std::map<std::pair<bool, ChunkType>, Sealed> sealed;
  std::map<bool, Bytes> last;  // packet, from a or not
};

TEST(SctpZeroChecksum, IsSentByBothSidesOnceBothHaveAnnouncedIt) {
  for (const bool both_open : {false, true}) {
    Watched watched({});
    watched.talk(both_open);
    for (const ChunkType type : {ChunkType::kInit, ChunkType::kCookieEcho}) {
      EXPECT_GT(watched.of(type).real, 0) << both_open;
      EXPECT_EQ(watched.of(type).zero, 0) << both_open;
    }
    for (const ChunkType type : {ChunkType::kInterleavedData, ChunkType::kSack, ChunkType::kShutdown}) {
      EXPECT_GT(watched.of(type).zero, 0) << both_open << " type " << static_cast<int>(type);
      EXPECT_EQ(watched.of(type).real, 0) << both_open << " type " << static_cast<int>(type);
    }
    // The side that only answered knows it from the cookie.
    EXPECT_GT(watched.sealed.at({false, ChunkType::kSack}).zero, 0);
  }
}

TEST(SctpZeroChecksum, IsNotSentWhenOnlyOneSideAnnouncesIt) {
  for (const bool a_does : {false, true}) {
    for (const bool both_open : {false, true}) {
      WireOptions options;
      options.a.zero_checksum = a_does;
      options.b.zero_checksum = !a_does;
      Watched watched(options);
      watched.talk(both_open);
      for (const bool from_a : {false, true}) {
        EXPECT_EQ(watched.all(from_a).zero, 0);
        EXPECT_EQ(watched.all(from_a).wrong, 0);
        EXPECT_GT(watched.all(from_a).real, 3);
      }
    }
  }
}

TEST(SctpZeroChecksum, IsNeverThatOfThePacketsOfTheHandshakeWhateverIsLost) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    Watched watched({.seed = seed, .loss_percent = 40, .reorder_percent = 30, .duplicate_percent = 20});
    ASSERT_TRUE(watched.wire.b.association.send(message(1, {1}), watched.wire.now).has_value());
    watched.wire.connect();
    ASSERT_TRUE(watched.wire.run_while([&] { return watched.wire.a.messages.empty(); })) << seed;
    for (const ChunkType type : {ChunkType::kInit, ChunkType::kCookieEcho}) {
      EXPECT_EQ(watched.of(type).zero, 0) << seed;
      EXPECT_EQ(watched.of(type).wrong, 0) << seed;
    }
    EXPECT_EQ(watched.wire.a.association.stats().packets_dropped, 0U) << seed;
    EXPECT_EQ(watched.wire.b.association.stats().packets_dropped, 0U) << seed;
  }
}

// The last packet of a, with another checksum, as b takes it.
bool taken(Watched& watched, std::uint32_t (*checksum)(ByteView)) {
  Bytes packet = watched.last.at(true);
  set_checksum(packet, checksum(packet));
  const std::uint64_t dropped = watched.wire.b.association.stats().packets_dropped;
  watched.wire.b.association.handle_input(packet, watched.wire.now);
  return watched.wire.b.association.stats().packets_dropped == dropped;
}

TEST(SctpZeroChecksum, IsTakenOnlyByWhoAnnouncedItAndAWrongOneByNobody) {
  const auto zero = [](ByteView) -> std::uint32_t { return 0; };
  const auto right = [](ByteView packet) { return packet_checksum(packet); };
  const auto wrong = [](ByteView packet) { return packet_checksum(packet) ^ 1; };
  for (const bool announced : {false, true}) {
    WireOptions options;
    options.b.zero_checksum = announced;
    Watched watched(options);
    watched.wire.connect();
    ASSERT_TRUE(watched.wire.a.association.send(message(0, {1, 2, 3}), watched.wire.now).has_value());
    watched.wire.settle();
    ASSERT_EQ(ChunkType{watched.last.at(true)[kCommonHeaderSize]}, ChunkType::kInterleavedData);
    EXPECT_FALSE(taken(watched, wrong)) << announced;
    EXPECT_EQ(taken(watched, zero), announced);
    EXPECT_TRUE(taken(watched, right)) << announced;
    watched.wire.settle();
    EXPECT_EQ(watched.wire.b.messages.size(), 1U);
  }
}

TEST(SctpZeroChecksum, IsNotTakenFromAnInitOrACookieEcho) {
  for (const ChunkType type : {ChunkType::kInit, ChunkType::kCookieEcho}) {
    Wire wire;
    Bytes caught;
    wire.tap = [&](bool from_a, ByteView packet) {
      if (!from_a || !caught.empty() || ChunkType{packet[kCommonHeaderSize]} != type) return false;
      caught.assign(packet.begin(), packet.end());
      return true;
    };
    wire.a.association.connect(wire.now);
    ASSERT_TRUE(wire.run_while([&] { return caught.empty(); }));
    Bytes zeroed = caught;
    set_checksum(zeroed, 0);
    wire.b.association.handle_input(zeroed, wire.now);
    EXPECT_EQ(wire.b.association.stats().packets_dropped, 1U);
    EXPECT_FALSE(wire.b.association.poll_transmit().has_value());
    wire.b.association.handle_input(caught, wire.now);
    EXPECT_TRUE(wire.b.association.poll_transmit().has_value());
  }
}

TEST(SctpZeroChecksum, IsNotThatOfWhatIsSaidAfterTheEnd) {
  Watched watched({});
  watched.wire.connect();
  watched.wire.run_for(milliseconds(100));
  const std::uint32_t tag = tag_of(watched.last.at(true));
  watched.wire.b.association.abort("enough", watched.wire.now);
  watched.wire.settle();
  EXPECT_EQ(watched.of(ChunkType::kAbort).real, 1);
  // A SHUTDOWN ACK finds the association gone: the answer carries the tag of the question (RFC 9260 §8.4 5).
  Bytes question = {0x13, 0x88, 0x13, 0x88, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 4};
  for (std::size_t i = 0; i < 4; ++i) question[4 + i] = static_cast<std::uint8_t>(tag >> (24 - 8 * i));
  watched.wire.b.association.handle_input(question, watched.wire.now);
  watched.wire.settle();
  EXPECT_EQ(tag_of(watched.last.at(false)), tag);
  EXPECT_EQ(watched.of(ChunkType::kShutdownComplete).real, 1);
}

TEST(SctpZeroChecksum, IsNotSentToAPeerThatNamesAnotherMethod) {
  struct Case {
    std::uint32_t method;
    bool accepted;
  };
  for (const Case& c : {Case{0, false}, Case{1, true}, Case{2, false}, Case{0xffffffff, false}}) {
    const ByteView none;
    Bytes value(16);
    Bytes parameter(8);
    ByteWriter writer(parameter);
    writer.u16(kParamZeroChecksum);
    writer.u16(8);
    writer.u32(c.method);
    value.insert(value.end(), parameter.begin(), parameter.end());
    const auto init = InitChunk::parse({ChunkType::kInit, 0, value, none});
    ASSERT_TRUE(init.has_value());
    EXPECT_EQ(init->zero_checksum_method == kErrorDetectionByDtls, c.accepted) << c.method;
  }
}

TEST(SctpZeroChecksum, OfSeveralMethodsTheFirstCounts) {
  Bytes value(16 + 16);
  ByteWriter writer(MutableByteView(value).subspan(16));
  for (const std::uint32_t method : {0U, kErrorDetectionByDtls}) {
    writer.u16(kParamZeroChecksum);
    writer.u16(8);
    writer.u32(method);
  }
  EXPECT_EQ(InitChunk::parse({ChunkType::kInit, 0, value, {}})->zero_checksum_method, 0U);
}

}  // namespace
}  // namespace tidewire::sctp
