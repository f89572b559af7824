#include "crypto/certificate.h"

#include <gtest/gtest.h>

#include <regex>

#include "base/base64.h"
#include "crypto/hash.h"

namespace tidewire::crypto {
namespace {

constexpr UnixTime kBefore{std::chrono::seconds(1'700'000'000)};
constexpr UnixTime kAfter{std::chrono::seconds(1'702'592'000)};

TEST(Certificate, IsValidForTheGivenTimesAndDiffersEachTime) {
  const auto first = Certificate::generate(kBefore, kAfter);
  const auto second = Certificate::generate(kBefore, kAfter);
  EXPECT_EQ(first->expires(), kAfter);
  EXPECT_NE(first->der(), second->der());
  EXPECT_NE(first->private_key_der(), second->private_key_der());
}

TEST(Certificate, HasTheFingerprintOfItsDer) {
  const auto certificate = Certificate::generate(kBefore, kAfter);
  const Fingerprint& fingerprint = certificate->fingerprint();
  EXPECT_EQ(fingerprint.algorithm, "sha-256");
  EXPECT_TRUE(std::regex_match(fingerprint.value, std::regex("([0-9A-F]{2}:){31}[0-9A-F]{2}")));
  const std::string digits = std::regex_replace(fingerprint.value, std::regex(":"), "");
  const Sha256Digest digest = sha256(certificate->der());
  EXPECT_EQ(hex_decode(digits), Bytes(digest.begin(), digest.end()));
}

TEST(Certificate, ComesBackFromPemAndDer) {
  const auto certificate = Certificate::generate(kBefore, kAfter);
  const auto from_pem = Certificate::from_pem(certificate->to_pem());
  ASSERT_TRUE(from_pem);
  EXPECT_EQ((*from_pem)->der(), certificate->der());
  const auto from_der = Certificate::from_der(certificate->der(), certificate->private_key_der());
  ASSERT_TRUE(from_der);
  EXPECT_EQ((*from_der)->to_pem(), certificate->to_pem());
}

TEST(Certificate, SaysWhatIsWrongWithItsText) {
  const auto certificate = Certificate::generate(kBefore, kAfter);
  const auto other = Certificate::generate(kBefore, kAfter);
  const std::string pem = certificate->to_pem();
  const std::size_t key = pem.find("-----BEGIN PRIVATE KEY");
  EXPECT_EQ(Certificate::from_pem("nonsense").error().message, "there is no certificate in the PEM text");
  EXPECT_EQ(Certificate::from_pem(pem.substr(0, key)).error().message,
            "there is no unencrypted private key in the PEM text");
  const std::string mixed = pem.substr(0, key) + other->to_pem().substr(other->to_pem().find("-----BEGIN PRIVATE KEY"));
  EXPECT_EQ(Certificate::from_pem(mixed).error().code, ErrorCode::kInvalidAccess);
  EXPECT_EQ(Certificate::from_der(Bytes(10), certificate->private_key_der()).error().code, ErrorCode::kSyntax);
  EXPECT_EQ(Certificate::from_der(certificate->der(), Bytes(10)).error().code, ErrorCode::kSyntax);
  EXPECT_EQ(Certificate::from_der(certificate->der(), other->private_key_der()).error().code,
            ErrorCode::kInvalidAccess);
}

TEST(Certificate, MatchesOneOfSeveralFingerprintsInAnyCase) {
  const auto certificate = Certificate::generate(kBefore, kAfter);
  const Fingerprint right = certificate->fingerprint();
  Fingerprint wrong = right;
  wrong.value[0] = wrong.value[0] == '0' ? '1' : '0';
  EXPECT_TRUE(matches_any(certificate->der(), std::vector{wrong, right}));
  EXPECT_FALSE(matches_any(certificate->der(), std::vector{wrong}));
  EXPECT_FALSE(matches_any(certificate->der(), {}));
  for (const char* algorithm : {"sha-384", "SHA-512"}) {
    EXPECT_TRUE(matches_any(certificate->der(), std::vector{*fingerprint_of(certificate->der(), algorithm)}));
  }
}

}  // namespace
}  // namespace tidewire::crypto
