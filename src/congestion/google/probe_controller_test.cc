#include "congestion/google/probe_controller.h"

#include <gtest/gtest.h>

namespace tidewire::congestion::google {
namespace {

using namespace std::chrono_literals;

Timestamp at(Duration d) { return Timestamp{d}; }

Limits limits(std::uint64_t start = 300'000, std::uint64_t max = 100'000'000) { return {.start = start, .max = max}; }

std::vector<std::uint64_t> drain(ProbeController& controller) {
  std::vector<std::uint64_t> rates;
  while (const auto cluster = controller.poll()) rates.push_back(cluster->bitrate);
  return rates;
}

using Rates = std::vector<std::uint64_t>;

TEST(ProbeController, BeginsWithThreeAndSixTimesTheStart) {
  ProbeController controller(limits(), at(0s));
  const auto first = controller.poll();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->id, 1);
  EXPECT_EQ(first->bitrate, 900'000U);
  EXPECT_EQ(first->min_packets, 5U);
  EXPECT_EQ(first->min_bytes, 1687U);  // 15 ms
  EXPECT_EQ(drain(controller), Rates{1'800'000});
}

TEST(ProbeController, GoesOnWhileTheResultExceedsSevenTenths) {
  ProbeController controller(limits(), at(0s));
  (void)drain(controller);
  controller.set_estimate(900'000, Limit::kNothing, at(100ms));
  EXPECT_EQ(drain(controller), Rates{});
  controller.set_estimate(1'700'000, Limit::kNothing, at(120ms));
  EXPECT_EQ(drain(controller), Rates{3'400'000});
  controller.set_estimate(2'300'000, Limit::kNothing, at(200ms));
  EXPECT_EQ(drain(controller), Rates{});
}

TEST(ProbeController, StopsAtFiveMegabitsOrTheMaximum) {
  ProbeController unbounded(limits(1'000'000), at(0s));
  EXPECT_EQ(drain(unbounded), (Rates{3'000'000, 5'000'000}));
  unbounded.set_estimate(4'900'000, Limit::kNothing, at(100ms));
  EXPECT_EQ(drain(unbounded), Rates{});
  ProbeController bounded(limits(1'000'000, 2'000'000), at(0s));
  EXPECT_EQ(drain(bounded), (Rates{2'000'000, 2'000'000}));
}

TEST(ProbeController, WaitsASecondForAnAnswer) {
  ProbeController controller(limits(), at(0s));
  (void)drain(controller);
  ASSERT_GT(controller.next_timeout(), at(1s));
  controller.handle_timeout(controller.next_timeout());
  EXPECT_EQ(controller.next_timeout(), kNever);
  controller.set_estimate(1'700'000, Limit::kNothing, at(1200ms));
  EXPECT_EQ(drain(controller), Rates{});
}

TEST(ProbeController, ProbesEveryFiveSecondsWhileTheApplicationIsLimited) {
  ProbeController controller(limits(), at(0s));
  (void)drain(controller);
  controller.handle_timeout(at(2s));
  controller.set_alr(at(2s), at(2s));
  EXPECT_EQ(controller.next_timeout(), at(7s));
  controller.handle_timeout(at(7s));
  EXPECT_EQ(drain(controller), Rates{600'000});
  controller.handle_timeout(at(9s));  // no answer came
  EXPECT_EQ(controller.next_timeout(), at(12s));
  controller.set_alr(std::nullopt, at(10s));
  EXPECT_EQ(controller.next_timeout(), kNever);
}

TEST(ProbeController, DoesNotProbeWhileSomethingElseLimits) {
  for (const Limit limit : {Limit::kDelay, Limit::kLoss, Limit::kSilence}) {
    ProbeController controller(limits(), at(0s));
    (void)drain(controller);
    controller.handle_timeout(at(2s));
    controller.set_alr(at(2s), at(2s));
    controller.set_estimate(300'000, limit, at(3s));
    controller.handle_timeout(at(7s));
    EXPECT_EQ(drain(controller), Rates{});
    EXPECT_EQ(controller.next_timeout(), at(7s) + ProbeController::kRetry);  // and does not spin
    controller.set_estimate(300'000, Limit::kNothing, at(7s));
    controller.handle_timeout(at(8s));
    EXPECT_EQ(drain(controller), Rates{600'000});
  }
}

TEST(ProbeController, TriesTheOldRateOnceOveruseIsOver) {
  ProbeController controller(limits(), at(0s));
  (void)drain(controller);
  controller.handle_timeout(at(2s));
  controller.set_estimate(2'000'000, Limit::kNothing, at(3s));
  controller.set_alr(at(4s), at(4s));
  controller.set_estimate(1'000'000, Limit::kDelay, at(5s));
  controller.set_estimate(1'000'000, Limit::kNothing, at(6s));
  controller.recovered(at(6s));
  EXPECT_EQ(drain(controller), Rates{1'700'000});
  controller.recovered(at(7s));
  EXPECT_EQ(drain(controller), Rates{});  // once
}

TEST(ProbeController, DoesNotTryTheOldRateWhenTheApplicationWasNotLimited) {
  ProbeController controller(limits(), at(0s));
  (void)drain(controller);
  controller.handle_timeout(at(2s));
  controller.set_estimate(2'000'000, Limit::kNothing, at(3s));
  controller.set_estimate(1'000'000, Limit::kNothing, at(5s));
  controller.recovered(at(6s));
  EXPECT_EQ(drain(controller), Rates{});
}

TEST(ProbeController, ProbesForWhatTheApplicationBeginsToWant) {
  Limits wants = limits();
  wants.wanted = 200'000;
  ProbeController controller(wants, at(0s));
  EXPECT_EQ(drain(controller), (Rates{400'000, 400'000}));
  controller.set_alr(at(2s), at(2s));
  wants.wanted = 500'000;
  controller.set_limits(wants, at(3s));
  EXPECT_EQ(drain(controller), (Rates{500'000, 600'000}));
}

}  // namespace
}  // namespace tidewire::congestion::google
