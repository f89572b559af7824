#include "simulate/measure.h"

#include <gtest/gtest.h>

#include <cmath>

#include "simulate/pictures.h"

namespace tidewire::simulate {
namespace {

using namespace std::chrono_literals;

std::shared_ptr<const sim::RateSchedule> rates(std::vector<sim::RateSchedule::Step> steps) {
  return std::make_shared<const sim::RateSchedule>(std::move(steps));
}

// A call that has been there all the time.
CallRecording call_of(Duration length) {
  CallRecording call;
  call.controller = "tidewire";
  call.connected = true;
  call.ended = length;
  return call;
}

void send(CallRecording& call, Duration from, Duration to, double bits_per_second) {
  constexpr Duration kEvery = 10ms;
  for (Duration at = from; at < to; at += kEvery) {
    const auto bytes = static_cast<std::size_t>(bits_per_second / 8 * seconds(kEvery));
    call.sent.add(at, bytes);
    call.received.add(at, bytes);
    call.queue.push_back({at, 5ms, false});
  }
}

void show(CallRecording& call, Duration from, Duration to, Duration every = 33ms, Duration delay = 100ms) {
  for (Duration at = from; at < to; at += every) call.frames.push_back({at, at + delay / 2, at + delay, 1000});
}

Recording recording_of(Duration length, std::vector<sim::RateSchedule::Step> steps, std::vector<CallRecording> calls) {
  Recording recording;
  recording.scenario.duration = length;
  recording.scenario.forward.rate = rates(std::move(steps));
  recording.scenario.calls.resize(calls.size());
  recording.calls = std::move(calls);
  return recording;
}

TEST(SimulateMeasure, DividesWhatArrivedByWhatCouldHave) {
  CallRecording call = call_of(20s);
  send(call, 5s, 20s, 1e6);  // the first 5 s do not count
  const Measures measures = measure(recording_of(20s, {{0s, 2'000'000}}, {call}));
  EXPECT_NEAR(measures.calls[0].utilisation, 0.5, 0.005);
  EXPECT_NEAR(measures.all.utilisation, 0.5, 0.005);
  EXPECT_NEAR(measures.calls[0].rate, 1e6, 1e4);
  EXPECT_NEAR(measures.calls[0].least_share, 0.5, 0.005);
  EXPECT_DOUBLE_EQ(measures.calls[0].queue_ms.p95, 5);
  EXPECT_TRUE(std::isnan(measures.jain)) << "of one call there is none";
  EXPECT_TRUE(std::isnan(measures.tcp_utilisation));
}

TEST(SimulateMeasure, LeavesPausesOfTheApplicationOut) {
  CallRecording call = call_of(30s);
  call.pauses = {{10s, 20s}};
  send(call, 0s, 10s, 1e6);
  send(call, 20s, 30s, 1e6);
  show(call, 0s, 10s);
  show(call, 20s, 30s);
  const Measures measures = measure(recording_of(30s, {{0s, 2'000'000}}, {call}));
  EXPECT_NEAR(measures.calls[0].utilisation, 0.5, 0.005);
  EXPECT_EQ(measures.calls[0].freezes, 0);
  EXPECT_DOUBLE_EQ(measures.calls[0].frame_delay_ms.p95, 100);
  EXPECT_DOUBLE_EQ(measures.calls[0].transit_ms.p95, 50);
  EXPECT_NEAR(measures.calls[0].frame_rate, 30.3, 0.2);
}

TEST(SimulateMeasure, TellsWhatCameOfAChange) {
  CallRecording call = call_of(40s);
  send(call, 0s, 21s, 2e6);  // goes on too fast for a second
  send(call, 21s, 40s, 1e6);
  for (QueueSample& it : call.queue) {
    if (it.at >= 20s && it.at < 22s) it.queued = 200ms;
  }
  const Measures measures = measure(recording_of(40s, {{0s, 2'000'000}, {20s, 1'000'000}}, {call}));
  ASSERT_EQ(measures.changes.size(), 2U);
  EXPECT_NEAR(measures.changes[0].reached_90_s, 0.2, 0.03) << "within the window";
  EXPECT_NEAR(measures.changes[0].converged_s, 0, 0.01);
  const ChangeMeasures& down = measures.changes[1];
  EXPECT_EQ(down.at_s, 20);
  EXPECT_EQ(down.capacity, 1e6);
  EXPECT_NEAR(down.below_capacity_s, 1, 0.05);
  EXPECT_NEAR(down.queue_below_50_s, 2, 0.05);
  EXPECT_NEAR(down.converged_s, 0.6, 0.11) << "a mean over two seconds with 0.4 s at the double rate is 20 % too high";
  EXPECT_EQ(down.most_queue_ms, 200);
  EXPECT_NEAR(measures.calls[0].above_105_ms, 1000, 100);
}

TEST(SimulateMeasure, SaysNeverWhenACallDoesNotConverge) {
  CallRecording call = call_of(20s);
  send(call, 0s, 20s, 0.5e6);
  const Measures measures = measure(recording_of(20s, {{0s, 2'000'000}}, {call}));
  EXPECT_TRUE(std::isnan(measures.changes[0].converged_s));
  EXPECT_TRUE(std::isnan(measures.changes[0].reached_80_s));
  EXPECT_EQ(measures.calls[0].converged_s, 20) << "in means it counts as the whole time";
}

TEST(SimulateMeasure, JudgesFairnessWhileCallsShare) {
  CallRecording first = call_of(60s);
  CallRecording second = call_of(60s);
  second.started = 20s;
  send(first, 0s, 20s, 4e6);  // alone: no matter
  send(first, 20s, 60s, 3e6);
  send(second, 20s, 60s, 1e6);
  const Measures measures = measure(recording_of(60s, {{0s, 4'000'000}}, {first, second}));
  EXPECT_NEAR(measures.jain, 0.8, 0.01);  // (3+1)²/(2·(9+1))
  EXPECT_NEAR(measures.all.utilisation, 1, 0.01);
}

TEST(SimulateMeasure, KnowsJainsIndex) {
  EXPECT_DOUBLE_EQ(jain_index({1, 1, 1, 1}), 1);
  EXPECT_DOUBLE_EQ(jain_index({1, 0, 0, 0}), 0.25);
  EXPECT_TRUE(std::isnan(jain_index({})));
}

TEST(SimulateMeasure, TakesPercentilesByRank) {
  std::vector<double> values;
  for (int i = 100; i >= 0; --i) values.push_back(i);
  const Percentiles of = percentiles(values);
  EXPECT_EQ(of.p50, 50);
  EXPECT_EQ(of.p95, 95);
  EXPECT_EQ(of.p99, 99);
  EXPECT_TRUE(std::isnan(percentiles({}).p50));
}

TEST(SimulateMeasure, TellsWhenARungOfTheLadderWasReachedForGood) {
  CallRecording call = call_of(40s);
  call.announced = {{0s, 1'000'000, 64'000, 480},
                    {4s, 2'000'000, 128'000, 1080},
                    {8s, 1'000'000, 64'000, 480},
                    {9s, 2'000'000, 128'000, 1080},
                    {22s, 500'000, 64'000, 480}};
  Recording recording = recording_of(40s, {{0s, 5'000'000}, {20s, 1'000'000}}, {call});
  recording.scenario.ladder = {{0s, 1080, 128'000}, {20s, 480, 64'000}, {30s, 0, 32'000}};
  const Measures measures = measure(recording);
  ASSERT_EQ(measures.ladder.size(), 3U);
  EXPECT_EQ(measures.ladder[0].reached_s, 9) << "it went away once";
  EXPECT_EQ(measures.ladder[1].reached_s, 2);
  EXPECT_TRUE(std::isnan(measures.ladder[2].reached_s));
}

TEST(SimulatePictures, AreFrozenByTheRuleOfTheStandard) {
  CallRecording call = call_of(20s);
  show(call, 0s, 10s);
  show(call, 11s, 20s);  // a second without
  const Pictures pictures = look_at_pictures(call);
  ASSERT_EQ(pictures.frozen.size(), 1U);
  EXPECT_NEAR(pictures.frozen_seconds(0s, 20s), 1.03, 0.05);
  EXPECT_NEAR(pictures.frozen_seconds(0s, 10600ms), 0.53, 0.05);
}

TEST(SimulatePictures, AreFrozenWhenNoneComesAnyMore) {
  CallRecording call = call_of(20s);
  show(call, 0s, 5s);
  EXPECT_NEAR(look_at_pictures(call).frozen_seconds(0s, 20s), 15, 0.2) << "also after more than 5 s";
}

TEST(SimulatePictures, AreNotFrozenWhileTheSenderMakesNone) {
  CallRecording call = call_of(20s);
  call.announced = {{0s, 1'000'000, 64'000, 720}, {10s, 0, 32'000, 0}, {12s, 1'000'000, 64'000, 720}};
  show(call, 0s, 10s);
  show(call, 12s, 20s);
  const Pictures pictures = look_at_pictures(call);
  EXPECT_TRUE(pictures.frozen.empty());
  ASSERT_EQ(pictures.paused.size(), 1U);
  EXPECT_EQ(pictures.paused[0].to - pictures.paused[0].from, 2s);
  EXPECT_EQ(pictures.size_changes, 2);
}

}  // namespace
}  // namespace tidewire::simulate
