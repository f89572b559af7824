#include "simulate/run.h"

#include <gtest/gtest.h>

namespace tidewire::simulate {
namespace {

using namespace std::chrono_literals;

Scenario fixed_rate(std::uint64_t bitrate, std::uint64_t capacity) {
  Scenario scenario{.name = "fixed", .duration = 20s};
  scenario.forward.rate =
      std::make_shared<const sim::RateSchedule>(std::vector<sim::RateSchedule::Step>{{0s, capacity}});
  scenario.calls[0].max_bitrate = bitrate;
  return scenario;
}

TEST(SimulateRun, CarriesWhatACallOfAFixedRateSends) {
  const Recording recording = run(fixed_rate(1'000'000, 2'000'000), CongestionControl::kNone, 1);
  const CallRecording& call = recording.calls[0];
  ASSERT_TRUE(call.connected) << call.failure;
  EXPECT_NEAR(call.received.bits_per_second(5s, 20s), 1.03e6, 0.1e6) << "headers included";
  EXPECT_EQ(call.packets_lost, 0U);
  EXPECT_GT(call.frames.size(), 590U);
  EXPECT_GT(call.sound.size(), 990U);
  EXPECT_LE(call.sound_missing, 5U);
}

}  // namespace
}  // namespace tidewire::simulate
