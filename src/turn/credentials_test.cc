#include "turn/credentials.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "turn/server_for_test.h"

namespace tidewire::turn {
namespace {

class CredentialsOfAServer : public ::testing::Test {
 protected:
  CredentialsOfAServer() : credentials_(config(), random_) {}

  static ServerConfig config() {
    ServerConfig config = test_config();
    config.shared_secrets = {"north", "old"};
    return config;
  }
  bool accepts(const std::string& name, const std::string& password, UnixTime now = kToday) const {
    const LongTermKey theirs(name, "tidewire", password, PasswordAlgorithm::kMd5);
    const auto keys = credentials_.keys(name, PasswordAlgorithm::kMd5, now);
    return std::any_of(keys.begin(), keys.end(), [&](const LongTermKey& key) {
      return std::equal(key.bytes().begin(), key.bytes().end(), theirs.bytes().begin(), theirs.bytes().end());
    });
  }

  crypto::Random random_ = crypto::Random::from_test_seed(1);
  Credentials credentials_;
};

TEST_F(CredentialsOfAServer, KnowTheirUsers) {
  EXPECT_TRUE(accepts("alice", "wonderland"));
  EXPECT_FALSE(accepts("alice", "builder"));
  EXPECT_FALSE(accepts("carol", "wonderland"));
  EXPECT_FALSE(accepts("", ""));
}

TEST_F(CredentialsOfAServer, AcceptNamesThatCarryTheirEnd) {
  const std::string name = time_limited_name({kToday.since_epoch + std::chrono::hours(1)}, "dave");
  EXPECT_EQ(name, "1800003600:dave");
  EXPECT_TRUE(accepts(name, time_limited_password("north", name)));
  EXPECT_TRUE(accepts(name, time_limited_password("old", name)));
  EXPECT_FALSE(accepts(name, time_limited_password("south", name)));
  EXPECT_FALSE(accepts(name, time_limited_password("", name)));
  // Nobody can move the end, or give the name to another.
  EXPECT_FALSE(accepts("1800007200:dave", time_limited_password("north", name)));
  EXPECT_FALSE(accepts("1800003600:erin", time_limited_password("north", name)));
}

TEST_F(CredentialsOfAServer, EndWhenTheNameSaysSo) {
  const std::string name = time_limited_name({kToday.since_epoch + std::chrono::seconds(10)}, "dave");
  const std::string password = time_limited_password("north", name);
  EXPECT_TRUE(accepts(name, password, {kToday.since_epoch + std::chrono::seconds(9)}));
  EXPECT_FALSE(accepts(name, password, {kToday.since_epoch + std::chrono::seconds(10)}));
}

TEST_F(CredentialsOfAServer, DoNotTakeOtherNumbersForAnEnd) {
  for (const char* name : {":dave", "x:dave", "-1:dave", "18446744073709551617:dave", "99999999999:dave",
                           "1800003600x:dave", " 1800003600:dave", "+1800003600:dave"}) {
    EXPECT_FALSE(accepts(name, time_limited_password("north", name))) << name;
  }
  // Without a user is a form that some services hand out.
  EXPECT_TRUE(accepts("1800003600", time_limited_password("north", "1800003600")));
}

TEST_F(CredentialsOfAServer, CountNewNamesForTheSameUser) {
  EXPECT_EQ(credentials_.account("1800003600:dave"), "dave");
  EXPECT_EQ(credentials_.account("1800007200:dave"), "dave");
  EXPECT_EQ(credentials_.account("alice"), "alice");
  EXPECT_EQ(credentials_.account("al:ice"), "al:ice");
}

}  // namespace
}  // namespace tidewire::turn
