// The vectors of RFC 5769, and messages cut and garbled in every place.
#include "stun/message.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "crypto/hash.h"
#include "stun/builder.h"
#include "stun/crc32.h"

namespace tidewire::stun {
namespace {

Bytes from_hex(std::string_view hex) {
  Bytes bytes;
  std::string digits;
  for (const char c : hex) {
    if (c != ' ' && c != '\n') digits += c;
  }
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(digits.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

constexpr std::string_view kPassword = "VOkJxbRl1RmTxUk/WvJxBt";

// RFC 5769 §2.1
const Bytes kRequest = from_hex(R"(
  00010058 2112a442 b7e7a701 bc34d686 fa87dfae
  80220010 5354554e 20746573 7420636c 69656e74
  00240004 6e0001ff
  80290008 932ff9b1 51263b36
  00060009 6576746a 3a683676 59202020
  00080014 9aeaa70c bfd8cb56 781ef2b5 b2d3f249 c1b571a2
  80280004 e57a3bcf)");

// RFC 5769 §2.2
const Bytes kIpv4Response = from_hex(R"(
  0101003c 2112a442 b7e7a701 bc34d686 fa87dfae
  8022000b 74657374 20766563 746f7220
  00200008 0001a147 e112a643
  00080014 2b91f599 fd9e90c3 8c7489f9 2af9ba53 f06be7d7
  80280004 c07d4c96)");

// RFC 5769 §2.3
const Bytes kIpv6Response = from_hex(R"(
  01010048 2112a442 b7e7a701 bc34d686 fa87dfae
  8022000b 74657374 20766563 746f7220
  00200014 0002a147 0113a9fa a5d3f179 bc25f4b5 bed2b9d9
  00080014 a382954e 4be67bf1 1784c97c 8292c275 bfe3ed41
  80280004 c8fb0b4c)");

// RFC 5769 §2.4
const Bytes kLongTermRequest = from_hex(R"(
  00010060 2112a442 78ad3433 c6ad72c0 29da412e
  00060012 e3839ee3 8388e383 aae38383 e382afe3 82b90000
  0015001c 662f2f34 39396b39 35346436 4f4c3334 6f4c3946 53547679 36347341
  0014000b 6578616d 706c652e 6f726700
  00080014 f6702465 6dd64a3e 02b8e071 2e85c9a2 8ca89666)");

TEST(StunMessage, ReadsTheSampleRequestOfRfc5769) {
  const auto message = MessageView::parse(kRequest);
  ASSERT_TRUE(message);
  EXPECT_TRUE(message->is(MessageClass::kRequest, Method::kBinding));
  EXPECT_EQ(message->find_text(AttributeType::kSoftware), "STUN test client");
  EXPECT_EQ(message->priority(), 0x6e0001ffU);
  EXPECT_EQ(message->ice_controlled(), 0x932ff9b151263b36U);
  EXPECT_FALSE(message->ice_controlling());
  EXPECT_FALSE(message->use_candidate());
  EXPECT_EQ(message->username(), "evtj:h6vY");
  EXPECT_TRUE(message->verify_integrity(as_bytes(kPassword)));
  EXPECT_FALSE(message->verify_integrity(as_bytes("another")));
  EXPECT_EQ(message->check_fingerprint(), FingerprintCheck::kValid);
}

TEST(StunMessage, ReadsTheSampleResponsesOfRfc5769) {
  const auto v4 = MessageView::parse(kIpv4Response);
  ASSERT_TRUE(v4);
  EXPECT_TRUE(v4->is(MessageClass::kSuccess, Method::kBinding));
  EXPECT_EQ(v4->mapped_address(), SocketAddress::parse("192.0.2.1:32853"));
  EXPECT_TRUE(v4->verify_integrity(as_bytes(kPassword)));
  EXPECT_EQ(v4->check_fingerprint(), FingerprintCheck::kValid);

  const auto v6 = MessageView::parse(kIpv6Response);
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->mapped_address(), SocketAddress::parse("[2001:db8:1234:5678:11:2233:4455:6677]:32853"));
  EXPECT_TRUE(v6->verify_integrity(as_bytes(kPassword)));
  EXPECT_EQ(v6->check_fingerprint(), FingerprintCheck::kValid);
}

TEST(StunMessage, ReadsTheLongTermRequestOfRfc5769) {
  const auto message = MessageView::parse(kLongTermRequest);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->username(), "\xe3\x83\x9e\xe3\x83\x88\xe3\x83\xaa\xe3\x83\x83\xe3\x82\xaf\xe3\x82\xb9");
  EXPECT_EQ(message->find_text(AttributeType::kRealm), "example.org");
  EXPECT_EQ(message->find_text(AttributeType::kNonce), "f//499k954d6OL34oL9FSTvy64sA");
  const std::string key = std::string(*message->username()) + ":example.org:TheMatrIX";
  EXPECT_TRUE(message->verify_integrity(crypto::md5(as_bytes(key))));
  EXPECT_EQ(message->check_fingerprint(), FingerprintCheck::kAbsent);
}

TEST(StunMessage, IsBuiltByteForByteAsInRfc5769) {
  const auto sample = MessageView::parse(kIpv4Response);
  ASSERT_TRUE(sample);
  std::array<std::uint8_t, 256> buffer{};
  MessageBuilder builder(buffer, MessageClass::kSuccess, Method::kBinding, sample->transaction_id());
  builder.add(AttributeType::kSoftware, as_bytes("test vector"));
  builder.add_xor_address(AttributeType::kXorMappedAddress, *SocketAddress::parse("192.0.2.1:32853"));
  const auto built = builder.finish();
  ASSERT_TRUE(built);
  Bytes expected(kIpv4Response.begin(), kIpv4Response.begin() + 20 + 16 + 12);
  expected[3] = 28;
  expected[35] = 0;  // the sample pads SOFTWARE with a blank
  EXPECT_EQ(Bytes(built->begin(), built->end()), expected);
}

TEST(StunMessage, WhatIsBuiltIsReadBackTheSame) {
  PacketPool pool;
  for (const char* address : {"192.0.2.7:4711", "[2001:db8::9]:65535", "0.0.0.0:0"}) {
    Packet packet = pool.make();
    const TransactionId id{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    MessageBuilder builder(packet, MessageClass::kError, Method::kCreatePermission, id);
    builder.add_address(AttributeType::kMappedAddress, *SocketAddress::parse(address));
    builder.add_xor_address(AttributeType::kXorPeerAddress, *SocketAddress::parse(address));
    builder.add_error_code(ErrorNumber::kRoleConflict);
    builder.add_u64(AttributeType::kIceControlling, 0x0102030405060708U);
    builder.add_flag(AttributeType::kUseCandidate);
    const std::array unknown{AttributeType{0x7001}, AttributeType{0x7002}, AttributeType{0x7003}};
    builder.add_unknown_attributes(unknown);
    builder.add_integrity(as_bytes(kPassword));
    builder.add_fingerprint();
    ASSERT_TRUE(builder.finish());
    const auto message = MessageView::parse(packet.bytes());
    ASSERT_TRUE(message);
    EXPECT_TRUE(message->is(MessageClass::kError, Method::kCreatePermission));
    EXPECT_EQ(message->transaction_id(), id);
    EXPECT_EQ(message->mapped_address(), SocketAddress::parse(address));
    EXPECT_EQ(message->find_xor_address(AttributeType::kXorPeerAddress), SocketAddress::parse(address));
    ASSERT_TRUE(message->error_code());
    EXPECT_EQ(message->error_code()->code, 487);
    EXPECT_EQ(message->error_code()->reason, "Role Conflict");
    EXPECT_EQ(message->ice_controlling(), 0x0102030405060708U);
    EXPECT_TRUE(message->use_candidate());
    EXPECT_EQ(message->find(AttributeType::kUnknownAttributes)->size(), 6U);
    EXPECT_TRUE(message->verify_integrity(as_bytes(kPassword)));
    EXPECT_EQ(message->check_fingerprint(), FingerprintCheck::kValid);
  }
}

TEST(StunMessage, TypeBitsOfEveryClassAndMethodSurvive) {
  // Methods from 0x100 on would not be told from DTLS on a shared port (RFC 7983 §7, RFC 8489 §18.1).
  for (unsigned method = 0; method < 0x100; ++method) {
    for (unsigned c = 0; c < 4; ++c) {
      std::array<std::uint8_t, 20> buffer{};
      MessageBuilder builder(buffer, static_cast<MessageClass>(c), static_cast<Method>(method), {});
      const auto built = builder.finish();
      ASSERT_TRUE(built);
      const auto message = MessageView::parse(*built);
      ASSERT_TRUE(message);
      ASSERT_TRUE(message->is(static_cast<MessageClass>(c), static_cast<Method>(method))) << method << " " << c;
    }
  }
}

TEST(StunMessage, IsRefusedWhenCutAtAnyLength) {
  for (std::size_t size = 0; size < kRequest.size(); ++size) {
    EXPECT_FALSE(MessageView::parse(ByteView(kRequest).first(size))) << size;
    // Also when the header claims the shorter length: then either it is refused or its integrity fails.
    if (size < kHeaderSize) continue;
    Bytes cut(kRequest.begin(), kRequest.begin() + static_cast<std::ptrdiff_t>(size));
    cut[2] = 0;
    cut[3] = static_cast<std::uint8_t>(size - kHeaderSize);
    const auto message = MessageView::parse(cut);
    if (!message) continue;
    EXPECT_EQ(size % 4, 0U);
    EXPECT_FALSE(message->verify_integrity(as_bytes(kPassword)) &&
                 message->check_fingerprint() == FingerprintCheck::kValid);
  }
}

TEST(StunMessage, OneFlippedBitBreaksItsFingerprintOrItsStructure) {
  for (std::size_t bit = 0; bit < kRequest.size() * 8; ++bit) {
    Bytes flipped = kRequest;
    flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ 1U << bit % 8);
    const auto message = MessageView::parse(flipped);
    if (message) {
      EXPECT_NE(message->check_fingerprint(), FingerprintCheck::kValid) << bit;
    }
  }
}

TEST(StunMessage, OneFlippedBitBeforeTheIntegrityBreaksIt) {
  const std::size_t protected_size = kRequest.size() - 8 - 24;
  for (std::size_t bit = 0; bit < protected_size * 8; ++bit) {
    if (bit / 8 == 2 || bit / 8 == 3) continue;  // the length field is computed anew
    Bytes flipped = kRequest;
    flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ 1U << bit % 8);
    const auto message = MessageView::parse(flipped);
    if (message) {
      EXPECT_FALSE(message->verify_integrity(as_bytes(kPassword))) << bit;
    }
  }
}

TEST(StunMessage, AttributesAfterTheIntegrityDoNotCount) {
  std::array<std::uint8_t, 256> buffer{};
  MessageBuilder builder(buffer, MessageClass::kRequest, Method::kBinding, {});
  builder.add_text(AttributeType::kUsername, "a:b");
  builder.add_integrity(as_bytes(kPassword));
  builder.add_flag(AttributeType::kUseCandidate);
  builder.add_fingerprint();
  const auto built = builder.finish();
  ASSERT_TRUE(built);
  const auto message = MessageView::parse(*built);
  ASSERT_TRUE(message);
  EXPECT_FALSE(message->use_candidate());
  EXPECT_TRUE(message->verify_integrity(as_bytes(kPassword)));
  EXPECT_EQ(message->check_fingerprint(), FingerprintCheck::kValid);
}

TEST(StunMessage, TheFirstOfTwoEqualAttributesCounts) {
  std::array<std::uint8_t, 64> buffer{};
  MessageBuilder builder(buffer, MessageClass::kRequest, Method::kBinding, {});
  builder.add_u32(AttributeType::kPriority, 1);
  builder.add_u32(AttributeType::kPriority, 2);
  const auto built = builder.finish();
  ASSERT_TRUE(built);
  EXPECT_EQ(MessageView::parse(*built)->priority(), 1U);
}

TEST(StunMessage, AttributesOfAWrongSizeAreAbsent) {
  std::array<std::uint8_t, 1024> buffer{};
  MessageBuilder builder(buffer, MessageClass::kError, Method::kBinding, {});
  const Bytes zeroes(700, 0);
  builder.add(AttributeType::kPriority, ByteView(zeroes).first(3));
  builder.add(AttributeType::kIceControlled, ByteView(zeroes).first(9));
  builder.add(AttributeType::kXorMappedAddress, ByteView(zeroes).first(8));
  builder.add(AttributeType::kErrorCode, ByteView(zeroes).first(4));
  builder.add(AttributeType::kUsername, ByteView(zeroes).first(509));
  const auto built = builder.finish();
  ASSERT_TRUE(built);
  const auto message = MessageView::parse(*built);
  ASSERT_TRUE(message);
  EXPECT_FALSE(message->priority());
  EXPECT_FALSE(message->ice_controlled());
  EXPECT_FALSE(message->mapped_address());
  EXPECT_FALSE(message->error_code());
  EXPECT_FALSE(message->username());
}

TEST(StunMessage, BuilderRefusesWhatDoesNotFit) {
  for (std::size_t size = 0; size < 20 + 24 + 8; ++size) {
    Bytes buffer(size);
    MessageBuilder builder(buffer, MessageClass::kRequest, Method::kBinding, {});
    builder.add_integrity(as_bytes(kPassword));
    builder.add_fingerprint();
    EXPECT_FALSE(builder.finish()) << size;
  }
}

TEST(StunMessage, OtherProtocolsOnThePortDoNotLookLikeStun) {
  EXPECT_TRUE(looks_like_stun(kRequest));
  Bytes dtls = kRequest;
  dtls[0] = 22;
  EXPECT_FALSE(looks_like_stun(dtls));
  Bytes no_cookie = kRequest;
  no_cookie[4] = 0;
  EXPECT_FALSE(looks_like_stun(no_cookie));
}

TEST(Crc32, GivesTheCheckValueOfTheCatalogue) {
  EXPECT_EQ(crc32(as_bytes("123456789")), 0xcbf43926U);
  EXPECT_EQ(crc32({}), 0U);
}

Bytes with_sha256(bool with_sha1_too) {
  std::array<std::uint8_t, 512> buffer;
  MessageBuilder builder(buffer, MessageClass::kRequest, Method::kAllocate, TransactionId{9});
  builder.add_text(AttributeType::kUsername, "user");
  if (with_sha1_too) builder.add_integrity(as_bytes("key"));
  builder.add_integrity_sha256(as_bytes("key"));
  builder.add_fingerprint();
  const auto built = builder.finish();
  return Bytes(built->begin(), built->end());
}

TEST(StunSha256, VerifiesAloneAndBesideMessageIntegrity) {
  for (const bool both : {false, true}) {
    const Bytes bytes = with_sha256(both);
    const auto message = MessageView::parse(bytes);
    ASSERT_TRUE(message);
    EXPECT_TRUE(message->has_integrity_sha256());
    EXPECT_TRUE(message->verify_integrity_sha256(as_bytes("key")));
    EXPECT_FALSE(message->verify_integrity_sha256(as_bytes("kex")));
    EXPECT_EQ(message->has_integrity(), both);
    EXPECT_EQ(message->verify_integrity(as_bytes("key")), both);
    EXPECT_EQ(message->check_fingerprint(), FingerprintCheck::kValid);
    EXPECT_EQ(message->username(), "user");
  }
}

TEST(StunSha256, FailsWhenAnyByteBeforeItIsChanged) {
  const Bytes bytes = with_sha256(false);
  for (std::size_t i = 0; i < bytes.size() - 8; ++i) {
    Bytes changed = bytes;
    changed[i] ^= 0x10;
    const auto message = MessageView::parse(changed);
    EXPECT_FALSE(message && message->verify_integrity_sha256(as_bytes("key"))) << i;
  }
}

TEST(StunSha256, MayBeCutButNotBelowSixteenBytes) {
  for (std::size_t size = 0; size <= 36; ++size) {
    std::array<std::uint8_t, 512> buffer;
    MessageBuilder builder(buffer, MessageClass::kRequest, Method::kAllocate, TransactionId{9});
    const auto head = builder.finish();
    ASSERT_TRUE(head);
    Bytes covered(head->begin(), head->end());
    covered[3] = static_cast<std::uint8_t>(4 + size);
    const auto digest = crypto::hmac_sha256(as_bytes("key"), covered);
    Bytes value(digest.begin(), digest.end());
    value.resize(size);
    MessageBuilder again(buffer, MessageClass::kRequest, Method::kAllocate, TransactionId{9});
    again.add(AttributeType::kMessageIntegritySha256, value);
    const auto built = again.finish();
    ASSERT_TRUE(built);
    const auto message = MessageView::parse(*built);
    const bool allowed = size >= 16 && size <= 32 && size % 4 == 0;
    ASSERT_EQ(message.has_value(), allowed) << size;
    EXPECT_EQ(message && message->verify_integrity_sha256(as_bytes("key")), allowed) << size;
  }
}

TEST(StunSha256, HidesWhatFollowsIt) {
  std::array<std::uint8_t, 512> buffer;
  MessageBuilder builder(buffer, MessageClass::kRequest, Method::kAllocate, TransactionId{9});
  builder.add_integrity_sha256(as_bytes("key"));
  builder.add_text(AttributeType::kUsername, "user");
  const auto built = builder.finish();
  ASSERT_TRUE(built);
  EXPECT_FALSE(MessageView::parse(*built)->username());
}

}  // namespace
}  // namespace tidewire::stun
