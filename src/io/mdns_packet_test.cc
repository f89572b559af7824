#include "io/mdns_packet.h"

#include <gmock/gmock.h>

#include "base/base64.h"
#include "crypto/random.h"

namespace tidewire::io {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view kName = "3d9b1c0e-6b7a-4a2e-8f0d-5c2f6a1b9e77.local";

TEST(MdnsPacket, AQueryIsWhatTheRfcSays) {
  // RFC 6762 §18 and RFC 1035 §4.1: ID and flags 0, one question, "a.local" A IN.
  EXPECT_EQ(hex_encode(build_mdns_query("a.local")),
            "000000000001000000000000"
            "0161056c6f63616c00"
            "00010001");
  EXPECT_EQ(hex_encode(build_mdns_query("a.local", MdnsType::kAaaa)),
            "000000000001000000000000"
            "0161056c6f63616c00"
            "001c0001");
}

TEST(MdnsPacket, QueriesAndResponsesSurviveTheWay) {
  for (const MdnsType type : {MdnsType::kA, MdnsType::kAaaa}) {
    const MdnsQuery query = parse_mdns_query(build_mdns_query(kName, type));
    ASSERT_EQ(query.questions.size(), 1U);
    EXPECT_EQ(query.questions[0].name, kName);
    EXPECT_EQ(query.questions[0].v4, type == MdnsType::kA);
    EXPECT_EQ(query.questions[0].v6, type == MdnsType::kAaaa);
    EXPECT_THAT(query.known, IsEmpty());
  }
  const MdnsAddress address{std::string(kName), IpAddress::v4({192, 0, 2, 7})};
  EXPECT_THAT(parse_mdns_response(build_mdns_response(address)), ElementsAre(address));
  const MdnsAddress v6{std::string(kName), *IpAddress::parse("2001:db8::7")};
  EXPECT_THAT(parse_mdns_response(build_mdns_response(v6)), ElementsAre(v6));
  EXPECT_THAT(parse_mdns_response(build_mdns_response(address, true)), IsEmpty()) << "a goodbye";
  EXPECT_THAT(parse_mdns_response(build_mdns_query(kName)), IsEmpty());
  EXPECT_THAT(parse_mdns_query(build_mdns_response(address)).questions, IsEmpty());
}

Bytes hex(std::string_view text) { return *hex_decode(text); }

TEST(MdnsPacket, AQueryTellsWhichFreshAnswersItKnows) {
  // Question a.local any; known: 10.0.0.1 with 60 seconds to go and 10.0.0.2 with 59.
  const MdnsQuery query =
      parse_mdns_query(hex("0000000000010002000000000161056c6f63616c0000ff0001"
                           "c00c000100010000003c00040a000001"
                           "c00c000100010000003b00040a000002"));
  ASSERT_EQ(query.questions.size(), 1U);
  EXPECT_TRUE(query.questions[0].v4 && query.questions[0].v6);
  EXPECT_THAT(query.known, ElementsAre(MdnsAddress{"a.local", IpAddress::v4({10, 0, 0, 1})}));
}

TEST(MdnsPacket, ReadsCompressedNamesInAnyCaseBehindOtherRecords) {
  // Question A.LOCAL; answers: an AAAA record and an A record, both named by a pointer to the question.
  const Bytes packet =
      hex("0000840000010002000000000141054c4f43414c0000010001"
          "c00c001c80010000007800102001"
          "0db8000000000000000000000001"
          "c00c000180010000007800040a000001");
  EXPECT_THAT(parse_mdns_response(packet), ElementsAre(MdnsAddress{"a.local", *IpAddress::parse("2001:db8::1")},
                                                       MdnsAddress{"a.local", IpAddress::v4({10, 0, 0, 1})}));
}

TEST(MdnsPacket, GoodbyesAndOtherClassesAreLeftOut) {
  EXPECT_THAT(parse_mdns_response(hex("0000840000000001000000000161056c6f63616c0000018001000000000004"
                                      "0a000001")),
              IsEmpty());
  EXPECT_THAT(parse_mdns_response(hex("0000840000000001000000000161056c6f63616c0000010003000000780004"
                                      "0a000001")),
              IsEmpty());
}

TEST(MdnsPacket, PointersThatLoopOrGoForwardAreMalformed) {
  for (const std::string_view name : {"c00c", "c00e", "c0ff", "0161c00c", "c0"}) {
    const Bytes packet = hex("000084000000000100000000" + std::string(name) + "000180010000007800040a000001");
    EXPECT_THAT(parse_mdns_response(packet), IsEmpty()) << name;
  }
}

TEST(MdnsPacket, TruncatedAndChangedPacketsAreNeverMoreThanDropped) {
  const Bytes whole = build_mdns_response({std::string(kName), IpAddress::v4({192, 0, 2, 7})});
  for (std::size_t n = 0; n < whole.size(); ++n) {
    EXPECT_THAT(parse_mdns_response(ByteView(whole).first(n)), IsEmpty()) << n;
  }
  crypto::Random random = crypto::Random::from_test_seed(1);
  for (int i = 0; i < 50'000; ++i) {
    Bytes changed = whole;
    for (int k = 0; k < 3; ++k) changed[random.below(static_cast<std::uint32_t>(changed.size()))] = random.u8();
    for (const MdnsAddress& found : parse_mdns_response(changed)) EXPECT_LE(found.name.size(), 253U);
    parse_mdns_query(changed);
  }
}

TEST(MdnsPacket, HostNamesAreNormalizedOrRefused) {
  EXPECT_EQ(normalized_host_name("Foo-1.LOCAL."), "foo-1.local");
  for (const std::string& bad :
       {std::string(), std::string("."), std::string("a..local"), std::string(".local"), std::string("a b.local"),
        std::string("é.local"), std::string(64, 'x') + ".local", std::string(254, 'x'), std::string("a.local..")}) {
    EXPECT_FALSE(normalized_host_name(bad)) << bad;
  }
}

}  // namespace
}  // namespace tidewire::io
