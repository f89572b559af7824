#include "congestion/google/aimd.h"

#include <gtest/gtest.h>

namespace tidewire::congestion::google {
namespace {

using namespace std::chrono_literals;

Timestamp at(Duration d) { return Timestamp{d}; }

// Updates every 100 ms, in which all that may be sent arrives.
void run(Aimd& aimd, Usage usage, Duration from, Duration to) {
  for (Duration t = from; t < to; t += 100ms) aimd.update(usage, aimd.rate(), at(t));
}

TEST(Aimd, GrowsByEightPercentASecondFarFromTheLinksCapacity) {
  Aimd aimd(500'000, 10'000);
  run(aimd, Usage::kNormal, 0s, 1s + 1ms);
  EXPECT_NEAR(aimd.rate(), 540'000, 2'000);
  run(aimd, Usage::kNormal, 1100ms, 10s + 1ms);
  EXPECT_NEAR(aimd.rate(), 500'000 * 2.159, 10'000);  // 1.08 to the tenth
}

TEST(Aimd, ComesDownToEightyFivePercentOfWhatArrives) {
  Aimd aimd(1'000'000, 10'000);
  aimd.update(Usage::kOveruse, 800'000.0, at(1s));
  EXPECT_NEAR(aimd.rate(), 0.85 * 800'000 - 5'000, 1);
}

TEST(Aimd, GrowsByAboutAPacketForEveryResponseTimeNearTheLinksCapacity) {
  Aimd aimd(1'000'000, 10'000);
  aimd.set_round_trip_time(100ms);
  aimd.update(Usage::kOveruse, 1'000'000.0, at(0s));
  const double before = aimd.rate();
  const double growth = aimd.additive_growth();  // a packet of 1200 bytes or less in 400 ms
  EXPECT_GT(growth, 15'000);
  EXPECT_LT(growth, 24'001);
  run(aimd, Usage::kNormal, 100ms, 1200ms);
  EXPECT_NEAR(aimd.rate() - before, growth, 1'000);
}

TEST(Aimd, ForgetsTheCapacityWhenMoreArrivesThanItWas) {
  Aimd aimd(1'000'000, 10'000);
  aimd.update(Usage::kOveruse, 1'000'000.0, at(0s));
  aimd.set_rate(3'000'000, at(1s));
  const double before = aimd.rate();
  for (Duration t = 1100ms; t < 2200ms; t += 100ms) aimd.update(Usage::kNormal, 3'000'000.0, at(t));
  EXPECT_GT(aimd.rate(), before * 1.07);
}

TEST(Aimd, HoldsWhileQueuesDrain) {
  Aimd aimd(1'000'000, 10'000);
  run(aimd, Usage::kNormal, 0s, 1s);
  const double before = aimd.rate();
  run(aimd, Usage::kUnderuse, 1s, 5s);
  EXPECT_EQ(aimd.rate(), before);
}

TEST(Aimd, DoesNotGrowFarPastWhatArrives) {
  Aimd aimd(1'000'000, 10'000);
  for (Duration t = 0s; t < 60s; t += 100ms) aimd.update(Usage::kNormal, 800'000.0, at(t));
  EXPECT_NEAR(aimd.rate(), 1.5 * 800'000 + 10'000, 1);
}

TEST(Aimd, ALowThroughputDoesNotLowerTheRateByItself) {
  Aimd aimd(1'000'000, 10'000);
  for (Duration t = 0s; t < 10s; t += 100ms) aimd.update(Usage::kNormal, 30'000.0, at(t));
  EXPECT_EQ(aimd.rate(), 1'000'000);
}

TEST(Aimd, DecreasesOnceForARoundTripUnlessMuchLessArrives) {
  Aimd aimd(1'000'000, 10'000);
  aimd.set_round_trip_time(100ms);
  aimd.update(Usage::kOveruse, 1'000'000.0, at(0s));
  EXPECT_FALSE(aimd.may_decrease_again(900'000, at(50ms)));
  EXPECT_TRUE(aimd.may_decrease_again(300'000, at(50ms)));
  EXPECT_TRUE(aimd.may_decrease_again(900'000, at(100ms)));
}

TEST(Aimd, StaysAboveTheLeast) {
  Aimd aimd(100'000, 50'000);
  for (int i = 0; i < 50; ++i) aimd.update(Usage::kOveruse, 1'000.0, at(1s * i));
  EXPECT_EQ(aimd.rate(), 50'000);
}

}  // namespace
}  // namespace tidewire::congestion::google
