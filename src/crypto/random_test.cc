#include "crypto/random.h"

#include <gtest/gtest.h>

#include <array>
#include <set>

#include "base/base64.h"

namespace tidewire::crypto {
namespace {

TEST(Random, StartsWithTheChaCha20BlockOfRfc8439) {
  // RFC 8439 appendix A.1, test vector 1: all-zero key and nonce, block 0.
  Random random(Random::Seed{});
  Bytes bytes(64);
  random.fill(bytes);
  EXPECT_EQ(hex_encode(bytes),
            "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
            "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586");
}

TEST(Random, DoesNotDependOnTheSizesOfTheRequests) {
  Random whole = Random::from_test_seed(7);
  Random parts = Random::from_test_seed(7);
  Bytes a(3000);
  Bytes b(3000);
  whole.fill(a);
  for (std::size_t at = 0, n = 1; at < b.size(); at += n, n = std::min<std::size_t>(n + 1, b.size() - at)) {
    parts.fill(MutableByteView(b).subspan(at, std::min(n, b.size() - at)));
  }
  EXPECT_EQ(a, b);
  EXPECT_NE(Bytes(a.begin(), a.begin() + 512), Bytes(a.begin() + 512, a.begin() + 1024));
}

TEST(Random, RepeatsUnderOneSeedAndDiffersUnderAnother) {
  EXPECT_EQ(Random::from_test_seed(1).u64(), Random::from_test_seed(1).u64());
  EXPECT_NE(Random::from_test_seed(1).u64(), Random::from_test_seed(2).u64());
  Random parent = Random::from_test_seed(1);
  Random first = parent.fork();
  Random second = parent.fork();
  EXPECT_NE(first.u64(), second.u64());
}

TEST(Random, DrawsEvenlyBelowABound) {
  Random random = Random::from_test_seed(3);
  std::array<int, 3> counts{};
  for (int i = 0; i < 30000; ++i) ++counts.at(random.below(3));
  for (const int count : counts) EXPECT_NEAR(count, 10000, 400);
  EXPECT_EQ(random.below(1), 0U);
}

TEST(Random, DrawsIceCharsOfTheirAlphabet) {
  Random random = Random::from_test_seed(3);
  std::set<char> seen;
  for (const char c : random.ice_chars(4000)) seen.insert(c);
  EXPECT_EQ(seen.size(), 64U);
  EXPECT_EQ(random.ice_chars(24).size(), 24U);
  EXPECT_EQ(
      random.ice_chars(4000).find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"),
      std::string::npos);
}

}  // namespace
}  // namespace tidewire::crypto
