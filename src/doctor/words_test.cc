#include "doctor/words.h"

#include <gtest/gtest.h>

namespace tidewire::doctor {
namespace {

using namespace std::chrono_literals;

TEST(Words, SayFiguresAndLists) {
  EXPECT_EQ(milliseconds(0ms), "0.0 ms");
  EXPECT_EQ(milliseconds(340us), "0.3 ms");
  EXPECT_EQ(milliseconds(12400us), "12 ms");
  EXPECT_EQ(seconds(31s), "31 s");
  EXPECT_EQ(seconds(-31s), "31 s");
  EXPECT_EQ(seconds(5min), "5 min");
  EXPECT_EQ(seconds(26h), "26 h");
  EXPECT_EQ(list_of({}), "");
  EXPECT_EQ(list_of({"a"}), "a");
  EXPECT_EQ(list_of({"a", "b"}), "a and b");
  EXPECT_EQ(list_of({"a", "b", "c"}), "a, b and c");
}

TEST(Words, KnowWhenAUserNameHasExpired) {
  const UnixTime now{1'800'000'000s};
  EXPECT_EQ(expired_for("1799999940:alice", now), Duration(1min));
  EXPECT_EQ(expired_for("1799999940", now), Duration(1min));
  for (const char* name : {"1800000001:alice", "1800000000:alice", "alice", "", ":", "42:alice", "-1799999940:alice",
                           "1799999940alice", "99999999999:alice", "99999999999999999999999:alice"}) {
    EXPECT_EQ(expired_for(name, now), std::nullopt) << name;
  }
}

}  // namespace
}  // namespace tidewire::doctor
