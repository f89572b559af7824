#include "sim/rate_schedule.h"

#include <gtest/gtest.h>

namespace tidewire::sim {
namespace {

using namespace std::chrono_literals;

TEST(RateSchedule, AddsUpWhatPassesOverItsSteps) {
  const RateSchedule schedule({{0s, 1000}, {10s, 0}, {12s, 500}});
  EXPECT_EQ(schedule.rate_at(9s), 1000U);
  EXPECT_EQ(schedule.rate_at(10s), 0U);
  EXPECT_EQ(schedule.rate_at(1h), 500U);
  EXPECT_DOUBLE_EQ(schedule.bits_between(0s, 10s), 10'000);
  EXPECT_DOUBLE_EQ(schedule.bits_between(9s, 14s), 2000);
  EXPECT_DOUBLE_EQ(schedule.bits_between(-1s, 1s), 2000) << "before it begins the first rate holds";
}

TEST(RateSchedule, TellsWhenSoManyBitsHavePassed) {
  const RateSchedule schedule({{0s, 1000}, {10s, 0}, {12s, 500}});
  EXPECT_EQ(schedule.passed(0s, 500), 500ms);
  EXPECT_EQ(schedule.passed(9s, 1000), 10s);
  EXPECT_EQ(schedule.passed(9s, 1500), 13s) << "the pause is waited for";
  EXPECT_EQ(schedule.passed(11s, 500), 13s);
  EXPECT_EQ(RateSchedule({{0s, 1000}, {1s, 0}}).passed(0s, 1001), Duration::max());
}

TEST(RateSchedule, BeginsAgainAfterItsPeriod) {
  const RateSchedule schedule({{0s, 1000}, {1s, 0}}, 2s);
  EXPECT_EQ(schedule.rate_at(4500ms), 1000U);
  EXPECT_EQ(schedule.rate_at(5500ms), 0U);
  EXPECT_DOUBLE_EQ(schedule.bits_between(0s, 20s), 10'000);
  EXPECT_EQ(schedule.passed(0s, 1000), 1s) << "not at the beginning of the next period";
  EXPECT_EQ(schedule.passed(0s, 10'000), 19s);
  EXPECT_EQ(schedule.passed(3s, 1500), 6500ms);
}

TEST(RateSchedule, MakesOneBitASecondOfNothing) {
  EXPECT_EQ(RateSchedule({}).rate_at(0s), 1U);
  EXPECT_EQ(RateSchedule({{0s, 0}}, 1s).rate_at(0s), 1U);
}

}  // namespace
}  // namespace tidewire::sim
