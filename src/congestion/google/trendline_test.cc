#include "congestion/google/trendline.h"

#include <gtest/gtest.h>

#include <random>

namespace tidewire::congestion::google {
namespace {

using namespace std::chrono_literals;

// Groups that leave every 10 ms; each arrives `slower` later than the path's delay asks for.
class Groups {
 public:
  Usage add(Duration slower) {
    arrival_ += 10ms + slower;
    line_.add(10ms, 10ms + slower, arrival_);
    return line_.usage();
  }
  int until(Usage usage, Duration slower, int most) {
    for (int i = 1; i <= most; ++i) {
      if (add(slower) == usage) return i;
    }
    return most + 1;
  }
  const Trendline& line() const { return line_; }

 private:
  Trendline line_;
  Duration arrival_{};
};

TEST(Trendline, AStandingQueueIsNormal) {
  Groups groups;
  for (int i = 0; i < 200; ++i) EXPECT_EQ(groups.add(0ms), Usage::kNormal);
  EXPECT_DOUBLE_EQ(groups.line().threshold(), Trendline::kLeastThreshold);  // it came down to what there is to see
}

TEST(Trendline, AGrowingQueueIsOveruseWithinAQuarterOfASecond) {
  Groups groups;
  for (int i = 0; i < 100; ++i) (void)groups.add(0ms);
  EXPECT_LE(groups.until(Usage::kOveruse, 2ms, 25), 25);
}

TEST(Trendline, ADrainingQueueIsUnderuse) {
  Groups groups;
  for (int i = 0; i < 100; ++i) (void)groups.add(0ms);
  EXPECT_LE(groups.until(Usage::kUnderuse, -2ms, 25), 25);
}

TEST(Trendline, ASlowDriftOfClocksIsNormal) {
  Groups groups;
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(groups.add(5us), Usage::kNormal) << i;  // 500 ppm
}

TEST(Trendline, OneLateGroupIsNoOveruse) {
  Groups groups;
  for (int i = 0; i < 100; ++i) (void)groups.add(0ms);
  (void)groups.add(20ms);
  EXPECT_EQ(groups.add(-20ms), Usage::kNormal);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(groups.add(0ms), Usage::kNormal);
}

TEST(Trendline, TheThresholdFollowsWhatThereIsToSee) {
  Groups groups;
  std::mt19937 random(1);
  std::uniform_int_distribution<int> jitter(-3000, 3000);
  Duration before{};
  for (int i = 0; i < 300; ++i) {
    const Duration now = std::chrono::microseconds{jitter(random)};
    (void)groups.add(now - before);
    before = now;
  }
  EXPECT_LT(groups.line().threshold(), Trendline::kFirstThreshold);
  const double low = groups.line().threshold();
  for (int i = 0; i < 30; ++i) (void)groups.add(500us);
  EXPECT_GT(groups.line().threshold(), low);
}

TEST(Trendline, ASlopeFarBeyondTheThresholdDoesNotMoveIt) {
  Groups groups;
  for (int i = 0; i < 100; ++i) (void)groups.add(0ms);
  for (int i = 0; i < 20; ++i) (void)groups.add(20ms);
  const double before = groups.line().threshold();
  for (int i = 0; i < 100; ++i) (void)groups.add(20ms);
  EXPECT_EQ(groups.line().threshold(), before);
  EXPECT_GT(groups.line().trend(), groups.line().threshold() + Trendline::kIgnored);
}

TEST(Trendline, GroupsAtOneMomentAreNoDivisionByZero) {
  Trendline line;
  for (int i = 0; i < 100; ++i) line.add(0ms, 0ms, 5s);
  EXPECT_EQ(line.usage(), Usage::kNormal);
}

}  // namespace
}  // namespace tidewire::congestion::google
