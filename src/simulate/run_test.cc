#include "simulate/run.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "simulate/batch.h"
#include "simulate/measure.h"
#include "simulate/report.h"
#include "simulate/scenarios.h"

namespace tidewire::simulate {
namespace {

using namespace std::chrono_literals;

Scenario fixed_rate(std::uint64_t bitrate, std::uint64_t capacity) {
  Scenario scenario{.name = "fixed", .duration = 15s};
  scenario.forward.rate =
      std::make_shared<const sim::RateSchedule>(std::vector<sim::RateSchedule::Step>{{0s, capacity}});
  scenario.calls[0].max_bitrate = bitrate;
  return scenario;
}

TEST(SimulateRun, CarriesACallOfAFixedRateWithoutAQueue) {
  const Recording recording = run(fixed_rate(1'000'000, 2'000'000), CongestionControl::kNone, 1);
  const CallRecording& call = recording.calls[0];
  ASSERT_TRUE(call.connected) << call.failure;
  EXPECT_EQ(call.started, 0s);
  const CallMeasures measures = measure(recording).calls[0];
  EXPECT_NEAR(measures.utilisation, 0.54, 0.03) << "headers are more than was asked for";
  EXPECT_LT(measures.queue_ms.p50, 5);
  EXPECT_EQ(measures.loss, 0);
  EXPECT_EQ(measures.freezes, 0);
  EXPECT_NEAR(measures.frame_rate, 30, 0.2);
  EXPECT_LT(measures.longest_silence_ms, 20);
  EXPECT_GT(measures.frame_delay_ms.p50, 50);
  EXPECT_LT(measures.frame_delay_ms.p95, 200);
  EXPECT_GT(measures.feedback, 0);
  EXPECT_LT(measures.feedback, 0.05);
}

TEST(SimulateRun, DropsAHalfOfTwiceTheCapacity) {
  const Recording recording = run(fixed_rate(2'000'000, 1'000'000), CongestionControl::kNone, 1);
  const CallMeasures measures = measure(recording).calls[0];
  EXPECT_NEAR(measures.utilisation, 1, 0.02);
  // What is lost is asked for and sent again.
  EXPECT_GT(measures.loss, 0.45);
  EXPECT_LT(measures.loss, 0.7);
  EXPECT_NEAR(measures.queue_ms.p50, 300, 15) << "the queue is full";
  EXPECT_GT(measures.above_105_ms, 10'000);
}

TEST(SimulateRun, RepeatsItselfWithTheSameSeed) {
  const auto tell = [](std::uint64_t seed) {
    auto made = [](std::uint64_t) -> Result<Scenario> { return fixed_rate(1'000'000, 1'000'000); };
    const std::vector<Outcome> outcomes{*run_seeds(made, CongestionControl::kNone, {seed}, 1)};
    return boost::json::serialize(to_json(outcomes));
  };
  EXPECT_EQ(tell(3), tell(3));
  EXPECT_NE(tell(3), tell(4));
}

TEST(SimulateRun, GivesTheSameOnSeveralThreads) {
  const MakeScenario make = [](std::uint64_t seed) { return make_scenario("start", seed); };
  const auto one = run_seeds(make, CongestionControl::kTidewire, {1, 2, 3}, 1);
  const auto two = run_seeds(make, CongestionControl::kTidewire, {1, 2, 3}, 2);
  ASSERT_TRUE(one && two);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(one->measures[i].all.rate, two->measures[i].all.rate);
}

TEST(SimulateRun, SharesTheQueueWithTcp) {
  Scenario scenario = fixed_rate(500'000, 2'000'000);
  scenario.duration = 30s;
  scenario.tcps = {TcpPlan{}, {.least_bytes = 30'000, .most_bytes = 50'000, .mean_pause = 2s}};
  const Recording recording = run(scenario, CongestionControl::kNone, 1);
  const Measures measures = measure(recording);
  EXPECT_GT(measures.tcp_utilisation, 0.6) << "TCP takes what is left";
  EXPECT_GT(measures.all.queue_ms.p95, 150) << "and fills the queue";
  EXPECT_GT(recording.tcps[1].active.size(), 3U) << "one transfer after another";
  EXPECT_NEAR(measures.all.utilisation + measures.tcp_utilisation, 1, 0.05);
}

TEST(SimulateRun, CarriesCallsBothWaysThatComeAndGo) {
  Scenario scenario = fixed_rate(300'000, 2'000'000);
  scenario.backward = scenario.forward;
  scenario.calls.push_back({.direction = Direction::kBackward, .start = 3s, .stop = 10s, .max_bitrate = 500'000});
  scenario.calls[0].pauses = {{5s, 8s}};
  const Recording recording = run(scenario, CongestionControl::kNone, 1);
  const CallRecording& forward = recording.calls[0];
  const CallRecording& backward = recording.calls[1];
  EXPECT_NEAR(forward.received.bits_per_second(1s, 5s), 330'000, 60'000);
  EXPECT_LT(forward.received.bits_per_second(5500ms, 8s), 20'000) << "no media in the pause";
  EXPECT_NEAR(forward.received.bits_per_second(9s, 14s), 330'000, 60'000);
  EXPECT_GT(backward.started, 3s);
  EXPECT_LT(backward.started, 4s);
  EXPECT_EQ(backward.ended, 10s);
  EXPECT_NEAR(backward.received.bits_per_second(5s, 10s), 550'000, 60'000);
  EXPECT_EQ(backward.received.between(11s, 15s), 0U);
}

TEST(SimulateRun, SurvivesAnOutageInWhichTheScenarioBegins) {
  Scenario scenario = fixed_rate(300'000, 2'000'000);
  scenario.forward.rate =
      std::make_shared<const sim::RateSchedule>(std::vector<sim::RateSchedule::Step>{{0s, 0}, {2s, 2'000'000}});
  const Recording recording = run(scenario, CongestionControl::kNone, 1);
  EXPECT_TRUE(recording.calls[0].connected);
  EXPECT_GT(recording.calls[0].received.between(3s, 15s), 100'000U);
}

TEST(Scenarios, AreAllThereAndRunForASecond) {
  for (const auto& [name, description] : scenario_names()) {
    SCOPED_TRACE(name);
    auto scenario = make_scenario(name, 1);
    ASSERT_TRUE(scenario) << scenario.error().message;
    EXPECT_EQ(scenario->name, name);
    EXPECT_FALSE(description.empty());
    scenario->duration = 1s;
    const Recording recording = run(*scenario, CongestionControl::kTidewire, 1);
    for (std::size_t i = 0; i < recording.calls.size(); ++i) {
      EXPECT_EQ(recording.calls[i].connected, scenario->calls[i].start < 1s) << recording.calls[i].failure;
    }
  }
  const auto unknown = make_scenario("rfc8867-5.9", 1);
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().message.find("rfc8867-5.8"), std::string::npos);
}

}  // namespace
}  // namespace tidewire::simulate
