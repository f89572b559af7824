// The vectors of the RFCs, which give session keys.
#include "srtp/transform.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/base64.h"

namespace tidewire::srtp {
namespace {

using crypto::SrtpProfile;

Bytes hex(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (c != ' ') digits += c;
  }
  return hex_decode(digits).value();
}

const crypto::SrtpMasterKey kMaster{.profile = SrtpProfile::kAes128CmSha1_80,
                                    .key = hex("E1F97A0D3E018BE0D64FA32C06DE4139"),
                                    .salt = hex("0EC675AD498AFEEBB6960B3AABE6")};

TEST(SrtpKeys, AreDerivedAsInRfc3711AppendixB3) {
  const SessionKeys keys = derive_rtp_keys(kMaster);
  EXPECT_EQ(keys.encryption, hex("C61E7A93744F39EE10734AFE3FF7A087"));
  EXPECT_EQ(keys.salt, hex("30CBBC08863D8C85D49DB34A9AE1"));
  EXPECT_EQ(keys.authentication, hex("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"));
  EXPECT_EQ(derive(kMaster, 1, 94),
            hex("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA48F0A0ACF3C34E2359E6CDBCEE049646C43D9327AD175578EF7227098"
                "6371C10C9A369AC2F94A8C5FBCDDDC256D6E919A48B610EF17C2041E474035766B68642C59BBFC2F34DB60DBDFB2"));
}

TEST(SrtpKeys, OfAesGcmHaveNoAuthenticationKeyAndASaltOf96Bits) {
  const crypto::SrtpMasterKey master{.profile = SrtpProfile::kAeadAes256Gcm, .key = Bytes(32, 1), .salt = Bytes(12, 2)};
  const SessionKeys rtp = derive_rtp_keys(master);
  const SessionKeys rtcp = derive_rtcp_keys(master);
  EXPECT_EQ(rtp.encryption.size(), 32U);
  EXPECT_EQ(rtp.salt.size(), 12U);
  EXPECT_TRUE(rtp.authentication.empty());
  EXPECT_NE(rtp.encryption, rtcp.encryption);
  EXPECT_NE(rtp.salt, rtcp.salt);
}

TEST(SrtpTransform, MakesTheKeyStreamOfRfc3711AppendixB2) {
  const SessionKeys keys{.encryption = hex("2B7E151628AED2A6ABF7158809CF4F3C"),
                         .authentication = Bytes(20),
                         .salt = hex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD")};
  Transform transform(SrtpProfile::kAes128CmSha1_80, keys, Direction::kProtect);
  Bytes packet(12 + 48 + transform.tag_size());
  transform.protect_rtp({}, packet, 12, packet.data() + 12);
  EXPECT_EQ(Bytes(packet.begin() + 12, packet.begin() + 60),
            hex("E03EAD0935C95E80E166B16DD92B4EB4D23513162B02D0F72A43A2FE4A5F97AB41E95B3BB0A2E8DD477901E4FCA894C0"));
}

struct GcmVectors {
  SrtpProfile profile;
  const char* key;
  const char* rtp;
  const char* rtcp;
  const char* rtcp_tag_only;
};

class Rfc7714 : public ::testing::TestWithParam<GcmVectors> {
 protected:
  Transform transform(Direction direction) const {
    return {GetParam().profile,
            {.encryption = hex(GetParam().key), .authentication = {}, .salt = hex("517569642070726f2071756f")},
            direction};
  }
};

const Bytes kRtp =
    hex("8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976 69736120 696e2070 61727465 73207472 "
        "6573");
const Bytes kRtcp =
    hex("81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef deadbeef deadbeef deadbeef "
        "deadbeef");
constexpr PacketId kRtpId{.ssrc = 0x5501a0b2, .index = 0xf17b};
constexpr PacketId kRtcpId{.ssrc = 0x4d617273, .index = 0x5d4};

TEST_P(Rfc7714, Section16ProtectsAndOpensRtp) {
  Bytes packet = kRtp;
  packet.resize(packet.size() + 16);
  transform(Direction::kProtect).protect_rtp(kRtpId, packet, 12, packet.data() + 12);
  EXPECT_EQ(packet, hex(GetParam().rtp));
  EXPECT_TRUE(transform(Direction::kUnprotect).unprotect_rtp(kRtpId, packet, 12));
  EXPECT_EQ(Bytes(packet.begin(), packet.end() - 16), kRtp);
}

TEST_P(Rfc7714, Section17ProtectsAndOpensRtcpEncryptedOrTaggedOnly) {
  for (const bool encrypt : {true, false}) {
    Bytes packet = kRtcp;
    packet.resize(packet.size() + 20);
    transform(Direction::kProtect).protect_rtcp(kRtcpId, packet, encrypt);
    EXPECT_EQ(packet, hex(encrypt ? GetParam().rtcp : GetParam().rtcp_tag_only));
    Transform opener = transform(Direction::kUnprotect);
    EXPECT_EQ(opener.srtcp_word(packet), encrypt ? 0x8000'05d4U : 0x5d4U);
    EXPECT_TRUE(opener.unprotect_rtcp(kRtcpId, packet, encrypt));
    EXPECT_EQ(Bytes(packet.begin(), packet.end() - 20), kRtcp);
  }
}

INSTANTIATE_TEST_SUITE_P(
    SrtpTransform, Rfc7714,
    ::testing::Values(
        GcmVectors{.profile = SrtpProfile::kAeadAes128Gcm,
                   .key = "000102030405060708090a0b0c0d0e0f",
                   .rtp = "8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a "
                          "51c7d19b 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce",
                   .rtcp = "81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1 730d6fda "
                           "4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4",
                   .rtcp_tag_only = "81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef "
                                    "deadbeef deadbeef deadbeef deadbeef 841dd968 3dd78ec9 2ae58790 125f62b3 000005d4"},
        GcmVectors{
            .profile = SrtpProfile::kAeadAes256Gcm,
            .key = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
            .rtp = "8040f17b 8041f8d3 5501a0b2 32b1de78 a822fe12 ef9f78fa 332e33aa b1801238 9a58e2f3 b50b2a02 "
                   "76ffae0f 1ba63799 b87b7aa3 db36dfff d6b0f9bb 7878d7a7 6c13",
            .rtcp = "81c8000d 4d617273 d50ae4d1 f5ce5d30 4ba297e4 7d470c28 2c3ece5d bffe0a50 a2eaa5c1 110555be "
                    "8415f658 c61de047 6f1b6fad 1d1eb30c 4446839f 57ff6f6c b26ac3be 800005d4",
            .rtcp_tag_only = "81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef "
                             "deadbeef deadbeef deadbeef deadbeef 91db4afb feee5a97 8fab4393 ed2615fe 000005d4"}),
    [](const auto& vectors) {
      return vectors.param.profile == SrtpProfile::kAeadAes128Gcm ? std::string("Aes128") : std::string("Aes256");
    });

}  // namespace
}  // namespace tidewire::srtp
