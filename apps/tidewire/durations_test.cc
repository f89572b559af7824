#include "durations.h"

#include <gtest/gtest.h>

namespace tidewire::app {
namespace {

using namespace std::chrono_literals;

TEST(Durations, AreANumberAndAUnit) {
  EXPECT_EQ(parse_duration("10s"), 10s);
  EXPECT_EQ(parse_duration("10"), 10s);
  EXPECT_EQ(parse_duration("500ms"), 500ms);
  EXPECT_EQ(parse_duration("2m"), 2min);
  EXPECT_EQ(parse_duration("1.5h"), 90min);
  EXPECT_EQ(parse_duration("0"), 0s);
}

TEST(Durations, NothingElseIsOne) {
  for (const char* text : {"", "s", "-1s", "10 s", "10d", "ten", "nan", "inf", "nans", "1e9", "9000000h", "1e300h"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace tidewire::app
