#include "congestion/google/google_controller.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace tidewire::congestion::google {
namespace {

using namespace std::chrono_literals;

Timestamp at(Duration d) { return Timestamp{d}; }

// Sends at the target, or at `most`, over a path without a queue; feedback comes every 100 ms, 50 ms late.
class Call {
 public:
  explicit Call(const Limits& limits, const Options& options = {}) : controller(limits, at(0s), options) {}

  void run(Duration time, double most = 1e9, bool feedback = true) {
    for (const Duration end = now + time; now < end;) {
      std::vector<PacketResult> results;
      const double rate = std::min(most, static_cast<double>(controller.estimate().target_bitrate));
      const Duration apart{static_cast<Duration::rep>(1000 * 8 / rate * 1e9)};
      for (const Duration until = now + 100ms; now < until; now += apart, ++number) {
        controller.handle_sent({.number = number, .size = 1000, .sent = at(now)});
        results.push_back({.number = number, .sent = at(now), .size = 1000, .arrival = now});
        if (controller.next_timeout() <= at(now)) controller.handle_timeout(at(now));
      }
      if (feedback) controller.handle_feedback({.received = at(now + 50ms), .results = results});
    }
  }

  GoogleController controller;
  Duration now{};
  std::int64_t number = 0;
};

TEST(GoogleController, BeginsAtTheStartAndPacesAtTwoAndAHalfTimes) {
  const GoogleController controller({.start = 400'000}, at(0s));
  const Estimate estimate = controller.estimate();
  EXPECT_EQ(estimate.target_bitrate, 400'000U);
  EXPECT_EQ(estimate.pacing_bitrate, 1'000'000U);
  EXPECT_EQ(estimate.padding_bitrate, 0U);
  EXPECT_EQ(estimate.congestion_window, std::numeric_limits<std::size_t>::max());
}

TEST(GoogleController, GrowsSlowlyWithoutProbes) {
  Call call({.start = 300'000}, {.probing = false});
  call.run(10s);
  EXPECT_NEAR(static_cast<double>(call.controller.estimate().target_bitrate), 300'000 * 2.16, 40'000);
}

TEST(GoogleController, CanMeasureWhatArrivesAsItUsedTo) {
  Call call({.start = 300'000}, {.probing = false, .bayesian_throughput = true});
  call.run(400ms);
  EXPECT_FALSE(call.controller.acknowledged());
  call.run(5s);
  EXPECT_NEAR(call.controller.acknowledged().value_or(0), 450'000, 60'000);
}

TEST(GoogleController, StaysWithinTheLimits) {
  Call call({.min = 50'000, .start = 300'000, .max = 350'000}, {.probing = false});
  call.run(10s);
  EXPECT_EQ(call.controller.estimate().target_bitrate, 350'000U);
  call.controller.set_limits({.min = 50'000, .start = 300'000, .max = 200'000}, at(call.now));
  EXPECT_EQ(call.controller.estimate().target_bitrate, 200'000U);
}

TEST(GoogleController, BeginsAgainOnANewPath) {
  Call call({.start = 300'000});
  call.run(10s);
  while (call.controller.poll_probe()) {
  }
  call.controller.path_changed(at(call.now));
  EXPECT_EQ(call.controller.estimate().target_bitrate, 300'000U);
  EXPECT_FALSE(call.controller.acknowledged());
  const auto probe = call.controller.poll_probe();
  ASSERT_TRUE(probe);
  EXPECT_EQ(probe->bitrate, 900'000U);
}

TEST(GoogleController, BelievesAProbe) {
  Call call({.start = 300'000});
  call.run(1s);
  const auto probe = call.controller.poll_probe();
  ASSERT_TRUE(probe);
  std::vector<PacketResult> results;
  for (int i = 0; i < 6; ++i) {
    const Duration t = call.now + 8ms * i;
    results.push_back({.number = call.number++, .sent = at(t), .size = 1000, .arrival = t, .probe = probe->id});
  }
  call.controller.handle_feedback({.received = at(call.now + 150ms), .results = results});
  EXPECT_EQ(call.controller.delay_based(), 1e6);
  call.now += 250ms;
  call.run(200ms);  // with the next observation of loss, there is no other bound
  EXPECT_GE(call.controller.estimate().target_bitrate, 1'000'000U);
}

TEST(GoogleController, ProbesWhileTheApplicationSendsLittle) {
  Call call({.start = 1'000'000});
  while (call.controller.poll_probe()) {
  }
  call.run(4s, 100'000);
  EXPECT_FALSE(call.controller.poll_probe());
  call.run(4s, 100'000);
  EXPECT_TRUE(call.controller.poll_probe());
}

TEST(GoogleController, ComesDownWhenFeedbackStops) {
  Call call({.start = 1'000'000});
  call.run(2s);
  const std::uint64_t before = call.controller.estimate().target_bitrate;
  call.run(2s, 1e9, false);
  EXPECT_EQ(call.controller.estimate().target_bitrate, before);
  call.run(6s, 1e9, false);
  EXPECT_LT(call.controller.estimate().target_bitrate, before / 2);
  while (call.controller.poll_probe()) {
  }
  call.run(1s);
  EXPECT_GE(call.controller.estimate().target_bitrate, before / 2);  // the path is as it was
}

TEST(GoogleController, StaysLowWhileReportsAreOfLongAgo) {
  Call call({.start = 1'000'000});
  call.run(2s);
  call.run(8s, 1e9, false);
  const std::uint64_t low = call.controller.estimate().target_bitrate;
  ASSERT_LT(low, 800'000U);
  PacketResult old{.number = 1, .sent = at(call.now - 5s), .size = 1000, .arrival = call.now - 5s};
  call.controller.handle_feedback({.received = at(call.now), .results = {&old, 1}});
  EXPECT_LE(call.controller.estimate().target_bitrate, low);
  old.sent = at(call.now);
  call.controller.handle_feedback({.received = at(call.now + 50ms), .results = {&old, 1}});
  EXPECT_GT(call.controller.estimate().target_bitrate, low);
}

TEST(GoogleController, AWindowPushesTheTargetBack) {
  Call call({.start = 1'000'000}, {.window_queue = 350ms});
  call.run(2s);
  const Estimate before = call.controller.estimate();
  EXPECT_LT(before.congestion_window, 100'000U);
  const PacketResult one{.number = call.number, .sent = at(call.now), .size = 1000, .arrival = call.now};
  for (int i = 1; i <= 10; ++i) {
    call.controller.handle_feedback(
        {.received = at(call.now + 10ms * i), .results = {&one, 1}, .bytes_in_flight = 1 << 20});
  }
  EXPECT_LT(call.controller.estimate().target_bitrate, before.target_bitrate / 2);
}

// Feedback that lies: arrival times backwards and anywhere, probes never sent, all lost, sizes of nothing.
TEST(GoogleController, SurvivesFeedbackThatLies) {
  const Limits limits{.min = 20'000, .start = 300'000, .max = 3'000'000};
  Call call(limits);
  std::mt19937_64 random(11);
  const auto pick = [&](std::int64_t from, std::int64_t to) {
    return std::uniform_int_distribution<std::int64_t>(from, to)(random);
  };
  for (int round = 0; round < 300; ++round) {
    std::vector<PacketResult> results(static_cast<std::size_t>(pick(0, 40)));
    for (PacketResult& packet : results) {
      packet = {.number = pick(0, 1 << 20),
                .sent = at(std::chrono::milliseconds{pick(0, 20'000)}),
                .size = static_cast<std::size_t>(pick(0, 65'535)),
                .probe = static_cast<int>(pick(-3, 50))};
      if (pick(0, 3) != 0) packet.arrival = std::chrono::milliseconds{pick(-1'000'000'000, 1'000'000'000)};
    }
    call.controller.handle_feedback({.received = at(20s + 50ms * round), .results = results});
    (void)call.controller.poll_probe();
    const std::uint64_t target = call.controller.estimate().target_bitrate;
    ASSERT_GE(target, limits.min);
    ASSERT_LE(target, limits.max);
  }
  // It is not stuck.
  call.now = 40s;
  call.run(60s);
  EXPECT_GT(call.controller.estimate().target_bitrate, 100'000U);
}

}  // namespace
}  // namespace tidewire::congestion::google
