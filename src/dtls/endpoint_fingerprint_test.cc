// Nothing passes before the peer's certificate is known to be the one that the signalling promised.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dtls/endpoint.h"
#include "dtls/endpoint_pair.h"

namespace tidewire::dtls {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

const Bytes kData{1, 2, 3};

struct OneSide : ::testing::TestWithParam<Role> {
  Peer& checker() { return GetParam() == Role::kClient ? pair.client : pair.server; }
  Peer& other() { return GetParam() == Role::kClient ? pair.server : pair.client; }
  const Fingerprint& checkers() {
    return (GetParam() == Role::kClient ? pair.client_certificate : pair.server_certificate)->fingerprint();
  }
  const Fingerprint& others() {
    return (GetParam() == Role::kClient ? pair.server_certificate : pair.client_certificate)->fingerprint();
  }
  void expect_mismatch(const Fingerprint& promised) {
    ASSERT_TRUE(checker().failed);
    EXPECT_THAT(*checker().failed, HasSubstr("fingerprint"));
    EXPECT_THAT(*checker().failed, HasSubstr(promised.value));
    EXPECT_THAT(*checker().failed, HasSubstr(others().value));
    EXPECT_FALSE(checker().connected);
    EXPECT_TRUE(checker().received.empty());
    ASSERT_TRUE(other().failed);
    EXPECT_THAT(*other().failed, HasSubstr("bad_certificate (42)"));
    EXPECT_EQ(checker().endpoint.send(kData, pair.now).error().code, ErrorCode::kInvalidState);
  }

  EndpointPair pair;
};

TEST_P(OneSide, EndsWithBothFingerprintsNamedWhenTheWrongOneIsKnownBefore) {
  const Fingerprint wrong = test_certificate()->fingerprint();
  checker().endpoint.set_remote_fingerprints({wrong}, pair.now);
  other().endpoint.set_remote_fingerprints({checkers()}, pair.now);
  pair.start();
  pair.run_for(2s);
  expect_mismatch(wrong);
}

TEST_P(OneSide, EndsWithBothFingerprintsNamedWhenTheWrongOneComesAfterTheHandshake) {
  const Fingerprint wrong = test_certificate()->fingerprint();
  other().endpoint.set_remote_fingerprints({checkers()}, pair.now);
  pair.start();
  pair.run_for(1s);
  ASSERT_TRUE(other().connected);
  EXPECT_FALSE(checker().connected);
  ASSERT_TRUE(other().endpoint.send(kData, pair.now));
  pair.run_for(1s);
  EXPECT_TRUE(checker().received.empty());
  checker().endpoint.set_remote_fingerprints({wrong}, pair.now);
  pair.run_for(1s);
  expect_mismatch(wrong);
}

TEST_P(OneSide, EndsWhenTheWrongOneComesAtAnyTimeOfTheHandshake) {
  const Fingerprint wrong = test_certificate()->fingerprint();
  for (int ms = 1; ms < 100; ms += 7) {
    EndpointPair fresh;
    Peer& checks = GetParam() == Role::kClient ? fresh.client : fresh.server;
    Peer& peer = GetParam() == Role::kClient ? fresh.server : fresh.client;
    const auto& own = GetParam() == Role::kClient ? fresh.client_certificate : fresh.server_certificate;
    peer.endpoint.set_remote_fingerprints({own->fingerprint()}, fresh.now);
    fresh.start();
    fresh.run_for(std::chrono::milliseconds(ms));
    checks.endpoint.set_remote_fingerprints({wrong}, fresh.now);
    fresh.run_for(1s);
    EXPECT_TRUE(checks.failed) << ms;
    EXPECT_TRUE(peer.failed) << ms;
    EXPECT_FALSE(checks.connected);
  }
}

TEST_P(OneSide, DeliversWhatWaitedWhenTheRightOneComesLate) {
  other().endpoint.set_remote_fingerprints({checkers()}, pair.now);
  pair.start();
  pair.run_for(1s);
  ASSERT_TRUE(other().connected);
  ASSERT_TRUE(other().endpoint.send(kData, pair.now));
  pair.run_for(1s);
  EXPECT_FALSE(checker().connected);
  EXPECT_TRUE(checker().received.empty());
  EXPECT_EQ(checker().endpoint.send(kData, pair.now).error().code, ErrorCode::kInvalidState);
  checker().endpoint.set_remote_fingerprints({others()}, pair.now);
  pair.run_for(1s);
  ASSERT_TRUE(checker().connected);
  EXPECT_EQ(checker().received, std::vector<Bytes>{kData});
  EXPECT_TRUE(checker().endpoint.send(kData, pair.now));
}

TEST_P(OneSide, KeepsLittleOfAPeerThatIsNotYetVerified) {
  other().endpoint.set_remote_fingerprints({checkers()}, pair.now);
  pair.start();
  pair.run_for(1s);
  for (std::size_t i = 0; i < Endpoint::kMaxHeld + 5; ++i) ASSERT_TRUE(other().endpoint.send(kData, pair.now));
  pair.run_for(1s);
  EXPECT_EQ(checker().endpoint.stats().data_dropped, 5U);
}

TEST_P(OneSide, RefusesSha1AndAcceptsOneMatchOfSeveral) {
  const Fingerprint sha1{.algorithm = "sha-1", .value = "AA:BB"};
  const Fingerprint wrong = test_certificate()->fingerprint();
  Fingerprint lower = others();
  for (char& c : lower.value) c = static_cast<char>(std::tolower(c));
  lower.algorithm = "SHA-256";
  other().endpoint.set_remote_fingerprints({checkers()}, pair.now);
  pair.start();
  pair.run_for(1s);
  checker().endpoint.set_remote_fingerprints({sha1, wrong, lower}, pair.now);
  pair.run_for(1s);
  EXPECT_TRUE(checker().connected);

  EndpointPair second;
  second.exchange_fingerprints();
  (GetParam() == Role::kClient ? second.client : second.server).endpoint.set_remote_fingerprints({sha1}, second.now);
  second.start();
  second.run_for(1s);
  const Peer& refused = GetParam() == Role::kClient ? second.client : second.server;
  ASSERT_TRUE(refused.failed);
  EXPECT_THAT(*refused.failed, HasSubstr("sha-1"));
  EXPECT_THAT(*refused.failed, HasSubstr("only sha-256, sha-384 and sha-512 are accepted"));
}

INSTANTIATE_TEST_SUITE_P(DtlsFingerprint, OneSide, ::testing::Values(Role::kClient, Role::kServer),
                         [](const auto& role) { return role.param == Role::kClient ? "Client" : "Server"; });

TEST(DtlsFingerprint, IsOfSha256Sha384OrSha512) {
  const auto certificate = test_certificate();
  EXPECT_EQ(certificate->fingerprint(), crypto::fingerprint_of(certificate->der(), "sha-256"));
  EXPECT_EQ(certificate->fingerprint().value.size(), 32U * 3 - 1);
  EXPECT_EQ(crypto::fingerprint_of(certificate->der(), "SHA-512")->value.size(), 64U * 3 - 1);
  EXPECT_FALSE(crypto::fingerprint_of(certificate->der(), "sha-1"));
  EXPECT_FALSE(crypto::fingerprint_of(certificate->der(), "md5"));
}

}  // namespace
}  // namespace tidewire::dtls
