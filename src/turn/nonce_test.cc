#include "turn/nonce.h"

#include <gtest/gtest.h>

#include "turn/server_for_test.h"

namespace tidewire::turn {
namespace {

constexpr Timestamp kStart{std::chrono::hours(1)};

class Nonces : public ::testing::Test {
 protected:
  crypto::Random random_ = crypto::Random::from_test_seed(1);
  NonceMint mint_{random_, std::chrono::minutes(10)};
  FiveTuple client_{address("203.0.113.5:4000"), kServer, {}};
};

TEST_F(Nonces, AreFreshForAWhile) {
  const std::string nonce = mint_.make(client_, false, kStart);
  EXPECT_EQ(nonce.size(), NonceMint::kSize);
  EXPECT_TRUE(mint_.is_fresh(nonce, client_, kStart));
  EXPECT_TRUE(mint_.is_fresh(nonce, client_, kStart + std::chrono::seconds(599)));
  EXPECT_FALSE(mint_.is_fresh(nonce, client_, kStart + std::chrono::seconds(600)));
  EXPECT_FALSE(mint_.is_fresh(nonce, client_, kStart - std::chrono::seconds(1)));
}

TEST_F(Nonces, BelongToOneClient) {
  const std::string nonce = mint_.make(client_, false, kStart);
  FiveTuple other = client_;
  other.client.port = 4001;
  EXPECT_FALSE(mint_.is_fresh(nonce, other, kStart));
  other = client_;
  other.client.ip = ip("203.0.113.6");
  EXPECT_FALSE(mint_.is_fresh(nonce, other, kStart));
  other = client_;
  other.stream = StreamId(1);
  EXPECT_FALSE(mint_.is_fresh(nonce, other, kStart));
  other = client_;
  other.server.port = 3479;
  EXPECT_FALSE(mint_.is_fresh(nonce, other, kStart));
}

TEST_F(Nonces, BelongToOneServer) {
  const NonceMint other(random_, std::chrono::minutes(10));
  EXPECT_FALSE(other.is_fresh(mint_.make(client_, false, kStart), client_, kStart));
}

TEST_F(Nonces, DoNotSurviveAnyChange) {
  for (const bool algorithms : {false, true}) {
    const std::string nonce = mint_.make(client_, algorithms, kStart);
    EXPECT_TRUE(mint_.is_fresh(nonce, client_, kStart));
    EXPECT_EQ(nonce_features(nonce).password_algorithms, algorithms);
    for (std::size_t i = 0; i < nonce.size(); ++i) {
      std::string changed = nonce;
      changed[i] = changed[i] == 'A' ? 'B' : 'A';
      EXPECT_FALSE(mint_.is_fresh(changed, client_, kStart)) << i;
      EXPECT_FALSE(mint_.is_fresh(nonce.substr(0, i), client_, kStart)) << i;
      EXPECT_EQ(mint_.is_fresh(nonce.substr(i), client_, kStart), i == 0) << "the cookie cannot be taken off: " << i;
    }
    EXPECT_FALSE(mint_.is_fresh(nonce + "A", client_, kStart));
    EXPECT_FALSE(mint_.is_fresh(std::string(700, 'A') + nonce, client_, kStart));
  }
}

}  // namespace
}  // namespace tidewire::turn
