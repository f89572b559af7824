#include <gtest/gtest.h>

#include "base/base64.h"
#include "base/bounded_queue.h"
#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "base/serial.h"
#include "tidewire/address.h"
#include "tidewire/packet.h"
#include "tidewire/result.h"
#include "tidewire/unique_function.h"

namespace tidewire {
namespace {

TEST(ByteReader, FailsForGoodWhenReadPastTheEnd) {
  const Bytes bytes{1, 2, 3};
  ByteReader reader(bytes);
  EXPECT_EQ(reader.u16(), 0x0102);
  EXPECT_EQ(reader.u16(), 0);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.u8(), 0);
}

TEST(ByteReader, ReadsEveryWidthInNetworkOrder) {
  Bytes bytes(24);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i);
  ByteReader reader(bytes);
  EXPECT_EQ(reader.u8(), 0x00U);
  EXPECT_EQ(reader.u24(), 0x010203U);
  EXPECT_EQ(reader.u48(), 0x040506070809U);
  EXPECT_EQ(reader.u64(), 0x0a0b0c0d0e0f1011U);
  EXPECT_EQ(reader.u32(), 0x12131415U);
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(reader.remaining(), 2U);
}

TEST(ByteWriter, WritesNothingPastTheEnd) {
  Bytes buffer(3);
  ByteWriter writer(buffer);
  writer.u16(0xabcd);
  writer.u16(0xffff);
  EXPECT_FALSE(writer.ok());
  EXPECT_EQ(buffer, (Bytes{0xab, 0xcd, 0}));
}

TEST(ByteWriter, PadsAndPatches) {
  Bytes buffer(8, 0xee);
  ByteWriter writer(buffer);
  writer.u16(0);
  writer.u24(0x010203);
  writer.pad_to(4);
  writer.patch_u16(0, 5);
  EXPECT_TRUE(writer.ok());
  EXPECT_EQ(buffer, (Bytes{0, 5, 1, 2, 3, 0, 0, 0}));
}

TEST(Serial, ComparesAcrossTheWrap) {
  EXPECT_TRUE(serial_less<std::uint16_t>(65535, 0));
  EXPECT_FALSE(serial_less<std::uint16_t>(0, 65535));
  EXPECT_FALSE(serial_less<std::uint16_t>(7, 7));
  EXPECT_EQ(serial_distance<std::uint16_t>(65534, 2), 4);
  EXPECT_EQ(serial_distance<std::uint16_t>(2, 65534), -4);
}

TEST(Unwrapper, GoesOnThroughWrapsAndReordering) {
  Unwrapper<std::uint16_t> unwrapper;
  EXPECT_EQ(unwrapper.unwrap(65534), 65534);
  EXPECT_EQ(unwrapper.unwrap(1), 65537);
  EXPECT_EQ(unwrapper.unwrap(65535), 65535);
  EXPECT_EQ(unwrapper.unwrap(2), 65538);
}

TEST(Packet, ReturnsToItsPoolAndIsReused) {
  PacketPool pool;
  for (int i = 0; i < 100; ++i) {
    Packet a = pool.make();
    Packet b = pool.copy_of(as_bytes("hello"));
    EXPECT_EQ(as_text(b.bytes()), "hello");
  }
  EXPECT_EQ(pool.allocations(), 2U);
}

TEST(Packet, MayOutliveThePool) {
  Packet survivor;
  {
    PacketPool pool;
    survivor = pool.copy_of(as_bytes("x"));
  }
  EXPECT_EQ(survivor.size(), 1U);
}

TEST(Packet, GrowsAndShrinksAtBothEnds) {
  PacketPool pool;
  Packet packet = pool.copy_of(as_bytes("middle"));
  ASSERT_TRUE(packet.prepend(2));
  packet.data()[0] = '<';
  packet.data()[1] = ' ';
  ASSERT_TRUE(packet.append(as_bytes(" >")));
  EXPECT_EQ(as_text(packet.bytes()), "< middle >");
  packet.remove_prefix(2);
  packet.remove_suffix(2);
  EXPECT_EQ(as_text(packet.bytes()), "middle");
  EXPECT_FALSE(packet.prepend(Packet::kHeadroom + 1));
  EXPECT_FALSE(packet.resize(Packet::kCapacity));
  EXPECT_FALSE(pool.copy_of(Bytes(Packet::kMaxPayload + 1)));
}

TEST(BoundedQueue, RefusesWhenFullAndKeepsOrder) {
  BoundedQueue<int> queue(20);
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(queue.push(i));
    EXPECT_FALSE(queue.push(99));
    for (int i = 0; i < 20; ++i) EXPECT_EQ(queue.pop(), i);
    EXPECT_EQ(queue.pop(), std::nullopt);
  }
}

TEST(Base64, RoundTripsAndRefusesGarbage) {
  // RFC 4648 §10.
  EXPECT_EQ(base64_encode(as_bytes("foobar")), "Zm9vYmFy");
  EXPECT_EQ(base64_encode(as_bytes("fooba")), "Zm9vYmE=");
  EXPECT_EQ(base64_encode(as_bytes("foob")), "Zm9vYg==");
  EXPECT_EQ(as_text(*base64_decode("Zm9vYg==")), "foob");
  EXPECT_EQ(base64_decode(""), Bytes{});
  for (const char* bad : {"Zm9", "Zm9v\n", "Z===", "Zm=v", "Zm9vYg==Zm9v"}) EXPECT_FALSE(base64_decode(bad)) << bad;
}

TEST(Hex, RoundTripsAndRefusesGarbage) {
  EXPECT_EQ(hex_encode(Bytes{0, 0xab, 0xff}), "00abff");
  EXPECT_EQ(hex_decode("00aBFf"), (Bytes{0, 0xab, 0xff}));
  EXPECT_FALSE(hex_decode("0"));
  EXPECT_FALSE(hex_decode("0g"));
}

TEST(Address, ParsesAndPrintsBothFamilies) {
  EXPECT_EQ(IpAddress::parse("192.0.2.1")->to_string(), "192.0.2.1");
  EXPECT_EQ(IpAddress::parse("2001:DB8:0:0::1")->to_string(), "2001:db8::1");
  EXPECT_EQ(SocketAddress::parse("192.0.2.1:80")->to_string(), "192.0.2.1:80");
  EXPECT_EQ(SocketAddress::parse("[::1]:443")->to_string(), "[::1]:443");
  for (const char* bad :
       {"", "1.2.3", "1.2.3.4.5", "example.org", "1.2.3.4:99999", "::1:80", "[1.2.3.4]:80", "1.2.3.4:"}) {
    EXPECT_FALSE(SocketAddress::parse(bad)) << bad;
  }
}

TEST(Address, KnowsItsClass) {
  EXPECT_TRUE(IpAddress::parse("127.1.2.3")->is_loopback());
  EXPECT_TRUE(IpAddress::parse("::1")->is_loopback());
  EXPECT_TRUE(IpAddress::parse("172.31.0.1")->is_private());
  EXPECT_FALSE(IpAddress::parse("172.32.0.1")->is_private());
  EXPECT_TRUE(IpAddress::parse("fe80::1")->is_link_local());
  EXPECT_TRUE(IpAddress::parse("224.0.0.251")->is_multicast());
  EXPECT_EQ(IpAddress::parse("::ffff:10.0.0.1")->unmapped(), *IpAddress::parse("10.0.0.1"));
}

TEST(Result, HoldsAValueOrAnError) {
  const Result<int> good = 7;
  const Result<int> bad = Error{ErrorCode::kRange, "too big"};
  EXPECT_EQ(*good, 7);
  EXPECT_EQ(bad.error().message, "too big");
  EXPECT_EQ(to_string(bad.error().code), "RangeError");
}

TEST(UniqueFunction, OwnsMoveOnlyState) {
  UniqueFunction<int(int)> add = [base = std::make_unique<int>(40)](int x) { return *base + x; };
  UniqueFunction<int(int)> moved = std::move(add);
  EXPECT_FALSE(add);
  EXPECT_EQ(moved(2), 42);
}

TEST(UniqueFunction, MayBeReplacedWhileItRuns) {
  UniqueFunction<int()> function;
  function = [&function, kept = std::make_unique<int>(7)] {
    function = nullptr;
    return *kept;
  };
  EXPECT_EQ(function(), 7);
  EXPECT_FALSE(function);
}

}  // namespace
}  // namespace tidewire
