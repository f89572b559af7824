#include "crypto/hash.h"

#include <gtest/gtest.h>

#include "base/base64.h"

namespace tidewire::crypto {
namespace {

TEST(Hash, GivesTheDigestsOfTheStandards) {
  EXPECT_EQ(hex_encode(md5(as_bytes("abc"))), "900150983cd24fb0d6963f7d28e17f72");           // RFC 1321 A.5
  EXPECT_EQ(hex_encode(sha1(as_bytes("abc"))), "a9993e364706816aba3e25717850c26c9cd0d89d");  // RFC 3174 §7.3
  EXPECT_EQ(hex_encode(sha256(as_bytes("abc"))),                                             // RFC 6234 §8.5
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex_encode(sha1({})), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

TEST(Hash, GivesTheHmacsOfTheStandards) {
  // RFC 2202 §3 and RFC 4231 §4.3, test case 2.
  EXPECT_EQ(hex_encode(hmac_sha1(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))),
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
  EXPECT_EQ(hex_encode(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Hash, HmacTakesAnEmptyKey) {
  EXPECT_EQ(hex_encode(hmac_sha1({}, {})), "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d");
}

TEST(Hash, ComparesInConstantTime) {
  EXPECT_TRUE(equal_in_constant_time(as_bytes("same"), as_bytes("same")));
  EXPECT_FALSE(equal_in_constant_time(as_bytes("same"), as_bytes("sane")));
  EXPECT_FALSE(equal_in_constant_time(as_bytes("same"), as_bytes("sam")));
  EXPECT_TRUE(equal_in_constant_time({}, {}));
}

}  // namespace
}  // namespace tidewire::crypto
