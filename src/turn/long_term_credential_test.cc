#include "turn/long_term_credential.h"

#include <gtest/gtest.h>

#include "base/base64.h"

namespace tidewire::turn {
namespace {

TEST(LongTermCredential, HasTheKeyOfTheRfcsExample) {
  // RFC 8489 §9.2.2: user:realm:pass
  const LongTermKey key("user", "realm", "pass", PasswordAlgorithm::kMd5);
  EXPECT_EQ(hex_encode(key.bytes()), "8493fbc53ba582fb4c044c456bdc40eb");
}

TEST(LongTermCredential, HasALongerKeyWithSha256) {
  const LongTermKey key("user", "realm", "pass", PasswordAlgorithm::kSha256);
  EXPECT_EQ(hex_encode(key.bytes()), hex_encode(crypto::sha256(as_bytes("user:realm:pass"))));
  EXPECT_EQ(key.bytes().size(), 32U);
}

TEST(LongTermCredential, HashesTheUsernameOfTheRfcsExample) {
  // RFC 8489 §B.1
  EXPECT_EQ(
      hex_encode(userhash("\xe3\x83\x9e\xe3\x83\x88\xe3\x83\xaa\xe3\x83\x83\xe3\x82\xaf\xe3\x82\xb9", "example.org")),
      "4a3cf38fef6992bda952c6780417da0f24819415569e60b205c46e41407f1704");
}

TEST(LongTermCredential, TakesTheFirstAlgorithmThatItKnows) {
  struct Case {
    Bytes value;
    std::optional<PasswordAlgorithm> expected;
  };
  const Case cases[] = {
      {{0, 2, 0, 0, 0, 1, 0, 0}, PasswordAlgorithm::kSha256},
      {{0, 1, 0, 0, 0, 2, 0, 0}, PasswordAlgorithm::kMd5},
      {{0, 9, 0, 1, 5, 0, 0, 0, 0, 2, 0, 0}, PasswordAlgorithm::kSha256},  // parameters are skipped with their padding
      {{0, 2, 0, 4, 1, 2, 3, 4, 0, 1, 0, 0}, PasswordAlgorithm::kMd5},     // SHA-256 has no parameters
      {{0, 9, 0, 0}, std::nullopt},
      {{0, 2, 0}, std::nullopt},
      {{}, std::nullopt},
  };
  for (const Case& c : cases) EXPECT_EQ(first_known_algorithm(c.value), c.expected) << hex_encode(c.value);
}

TEST(LongTermCredential, ReadsTheFeaturesThatANonceAnnounces) {
  for (const bool algorithms : {false, true}) {
    for (const bool anonymity : {false, true}) {
      const std::string nonce =
          nonce_cookie({.password_algorithms = algorithms, .username_anonymity = anonymity}) + "abcdef";
      EXPECT_EQ(nonce_features(nonce).password_algorithms, algorithms);
      EXPECT_EQ(nonce_features(nonce).username_anonymity, anonymity);
    }
  }
  for (const char* plain : {"", "obMatJos", "obMatJos2", "obMatJos2gAA", "obMatJos2g!AA", "xbMatJos2gAAA"}) {
    EXPECT_FALSE(nonce_features(plain).password_algorithms) << plain;
  }
  // The example of RFC 8489 §B.1 uses USERHASH.
  EXPECT_TRUE(nonce_features("obMatJos2AAACf//499k954d6OL34oL9FSTvy64sA").username_anonymity);
  EXPECT_EQ(nonce_cookie({.username_anonymity = true}), "obMatJos2AAAC");
  // The uncorrected order of bits.
  EXPECT_TRUE(nonce_features("obMatJos2gAAA").password_algorithms);
  EXPECT_FALSE(nonce_features("obMatJos2gAAA").username_anonymity);
}

}  // namespace
}  // namespace tidewire::turn
