// What a viewer would notice of paths of many kinds: latency, freezes and judder, in virtual time.
#include <gtest/gtest.h>

#include <string>

#include "media/smooth_call_for_test.h"

namespace tidewire::media {
namespace {

struct Scenario {
  const char* name;
  void (*set)(SmoothCall&);
  // Beyond the path's delay, milliseconds: of half of the frames, of 95 %.
  double latency;
  double latency_95;
  double judder_95 = 4;
  double freezes_per_minute = 0;
  double frozen_share = 0;
};

std::ostream& operator<<(std::ostream& out, const Scenario& scenario) { return out << scenario.name; }

const Scenario kScenarios[] = {
    {"clean", [](SmoothCall&) {}, 4, 4, 1},
    {"jitter_5_ms", [](SmoothCall& c) { c.path.jitter = 5ms; }, 9, 9, 1},
    {"jitter_40_ms", [](SmoothCall& c) { c.path.jitter = 40ms; }, 44, 45, 1},
    {"jitter_100_ms", [](SmoothCall& c) { c.path.jitter = 100ms; }, 105, 110},
    {"reordered_and_repeated",
     [](SmoothCall& c) {
       c.path.jitter = 30ms;
       c.path.duplicate = 0.2;
     },
     34, 36},
    {"rare_loss",
     [](SmoothCall& c) {
       c.path = {.delay = 50ms, .loss = 0.0005};
       c.back = 50ms;
     },
     10, 40},
    {"loss_2_percent_at_100_ms",
     [](SmoothCall& c) {
       c.path = {.delay = 50ms, .loss = 0.02};
       c.back = 50ms;
     },
     145, 150, 4, 0.3, 0.005},
    {"loss_2_percent_at_40_ms_with_jitter",
     [](SmoothCall& c) {
       c.path = {.delay = 20ms, .jitter = 15ms, .loss = 0.02};
       c.back = 20ms;
     },
     110, 115, 8, 0.3, 0.005},
    {"bursts_of_loss_10_percent",
     [](SmoothCall& c) {
       c.path = {.delay = 50ms, .loss = 0.02, .burst = 0.8};
       c.back = 50ms;
     },
     300, 300, 40, 3, 0.02},
    {"a_stall_of_300_ms_each_3_s",
     [](SmoothCall& c) {
       c.path.stall = 300ms;
       c.path.stall_each = 3s;
     },
     200, 200, 10},
    {"a_stall_of_1_s_each_minute",
     [](SmoothCall& c) {
       c.path.stall = 1s;
       c.path.stall_each = 60s;
     },
     4, 4, 2, 1.1, 0.02},
    {"slow_with_a_key_frame_each_10_s",
     [](SmoothCall& c) {
       c.path.bits_per_second = 2'500'000;
       c.key_frame_each = 10s;
     },
     40, 45},
    {"slow_with_a_key_frame_each_2_s",
     [](SmoothCall& c) {
       c.path.bits_per_second = 2'500'000;
       c.key_frame_each = 2s;
     },
     120, 130},
    {"a_clock_that_is_fast", [](SmoothCall& c) { c.clock = 1.0005; }, 9, 9, 1},
    {"a_clock_that_is_slow", [](SmoothCall& c) { c.clock = 0.9995; }, 9, 9, 1},
    {"timestamps_that_wrap",
     [](SmoothCall& c) {
       c.first_timestamp = 0U - 30 * 90'000;
       c.path.jitter = 10ms;
     },
     15, 15, 1},
};

class Smoothness : public testing::TestWithParam<Scenario> {};

TEST_P(Smoothness, IsWithinItsBounds) {
  const Scenario& scenario = GetParam();
  SmoothCall call(4);
  scenario.set(call);
  call.run(15s);
  call.reset_view();
  call.run(60s);
  const double path = SmoothCall::seconds(call.path.delay) * 1000;
  EXPECT_GE(call.shown.size(), 60U * 29);
  EXPECT_LE(call.latency_ms(0.5) - path, scenario.latency);
  EXPECT_LE(call.latency_ms(0.95) - path, scenario.latency_95);
  EXPECT_LE(call.judder_ms(0.95), scenario.judder_95);
  EXPECT_LE(call.freezes_per_minute(), scenario.freezes_per_minute);
  EXPECT_LE(call.frozen_share(), scenario.frozen_share);
}

INSTANTIATE_TEST_SUITE_P(Paths, Smoothness, testing::ValuesIn(kScenarios),
                         [](const auto& scenario) { return std::string(scenario.param.name); });

TEST(VideoSmoothness, TheFirstFrameIsShownAtOnce) {
  SmoothCall call;
  call.key_frame_size = 1000;
  call.run(30ms);
  ASSERT_EQ(call.shown.size(), 1U);
  EXPECT_LE(call.shown[0].at - call.shown[0].captured, call.path.delay + 1ms);
}

TEST(VideoSmoothness, TheDelayRisesQuicklyAndFallsSlowly) {
  SmoothCall call;
  call.run(5s);
  call.path.jitter = 60ms;
  call.run(1s);
  call.reset_view();
  call.run(2s);
  EXPECT_LE(call.judder_ms(0.9), 6) << "a second later, jitter does not show any more";
  call.path.jitter = 0ms;
  call.run(1s);
  call.reset_view();
  call.run(1s);
  EXPECT_GT(call.latency_ms(0.5), 40);
  call.run(20s);
  call.reset_view();
  call.run(1s);
  EXPECT_LE(call.latency_ms(0.5), 15);
}

TEST(VideoSmoothness, BurstsOfLossAreOverWithinASecond) {
  SmoothCall call(8);
  call.path = {.delay = 50ms, .loss = 0.02, .burst = 0.8};
  call.back = 50ms;
  call.run(60s);
  EXPECT_LT(call.latency_ms(1), 1000 + 50);
}

TEST(VideoSmoothness, OfFramesThatWaitedForARepetitionTheNewestIsShown) {
  SmoothCall call;
  call.path = {.delay = 50ms, .loss = 0.01};
  call.back = 50ms;
  call.run(7s);
  std::uint64_t missed = 0;
  for (std::size_t i = 0; i + 1 < call.shown.size(); ++i) {
    if (!call.shown[i].frame.missed_deadline) continue;
    EXPECT_EQ(call.shown[i].at, call.shown[i + 1].at) << i;
    ++missed;
  }
  EXPECT_GT(missed, 0U);
  EXPECT_EQ(call.stats().frames_dropped, missed);
  EXPECT_EQ(call.stats().frames_received, call.shown.size()) << "each is to be decoded";
}

TEST(VideoSmoothness, AnOutageEndsWithAKeyFrame) {
  SmoothCall call;
  call.back = call.path.delay = 50ms;
  call.run(5s);
  call.path.loss = call.path.burst = 1;
  call.run(800ms);
  call.path.loss = call.path.burst = 0;
  call.reset_view();
  call.run(700ms);
  ASSERT_FALSE(call.shown.empty());
  EXPECT_GE(call.key_frames_asked, 1);
  EXPECT_LE(call.shown.back().at - call.shown.back().captured, 80ms) << "all is well again";
}

TEST(VideoSmoothness, APausedSenderIsNoFreeze) {
  SmoothCall call;
  call.run(5s);
  call.paused = true;
  call.run(8s);
  call.paused = false;
  call.reset_view();
  call.run(5s);
  const InboundRtpStreamStats stats = call.stats();
  EXPECT_EQ(stats.freeze_count, 0U);
  EXPECT_EQ(stats.pause_count, 1U);
  EXPECT_GE(stats.total_pauses_duration, 8s);
  EXPECT_LE(stats.total_pauses_duration, 8100ms);
  EXPECT_LE(call.latency_ms(1), 15) << "and it goes on without delay";
  EXPECT_DOUBLE_EQ(stats.frames_per_second, 30);
}

TEST(VideoSmoothness, AClockThatJumpsCostsNothing) {
  SmoothCall call;
  call.run(5s);
  for (const std::uint32_t jump : {90'000U * 60, 90'000U * 1, 0U - 90'000U * 1, 0U - 90'000U * 60, 0x7000'0000U}) {
    call.first_timestamp += jump;
    call.reset_view();
    call.run(3s);
    EXPECT_GE(call.shown.size(), 89U) << jump;
    EXPECT_EQ(call.freezes_per_minute(), 0) << jump;
    EXPECT_LE(call.latency_ms(1), 15) << jump;
  }
}

TEST(VideoSmoothness, AChangeOfTheResolutionIsSmooth) {
  SmoothCall call;
  call.run(5s);
  call.frame_size = 500;
  call.key_frame_each = 1ms;  // from here on
  call.key_frame_size = 3000;
  call.change_frame = [](EncodedFrame& frame) { frame.payload[6] = 0x40, frame.payload[7] = 0x01; };
  call.run(100ms);
  call.key_frame_each = 0s;
  call.change_frame = nullptr;
  call.reset_view();
  call.run(5s);
  EXPECT_EQ(call.stats().frame_width, 320);
  EXPECT_LE(call.judder_ms(1), 5);
}

TEST(VideoSmoothness, TheTargetOfTheApplicationIsKept) {
  SmoothCall call;
  ASSERT_TRUE(call.b.set_jitter_buffer_target(call.video, 200ms));
  call.run(5s);
  call.reset_view();
  call.run(1s);
  EXPECT_NEAR(call.latency_ms(0.5), 210, 5);
  EXPECT_LE(call.judder_ms(1), 1);
  ASSERT_TRUE(call.b.set_jitter_buffer_target(call.video, std::nullopt));
  const InboundRtpStreamStats before = call.stats();
  call.run(6s);
  call.reset_view();
  call.run(1s);
  EXPECT_LE(call.latency_ms(0.5), 15);
  EXPECT_EQ(call.freezes_per_minute(), 0) << "neither way froze the picture";
  const InboundRtpStreamStats after = call.stats();
  EXPECT_GT(after.jitter_buffer_target_delay, before.jitter_buffer_target_delay);
  EXPECT_LT(after.jitter_buffer_minimum_delay, before.jitter_buffer_target_delay / 10);
  EXPECT_EQ(call.b.set_jitter_buffer_target(call.video, 4001ms).error().code, ErrorCode::kType);
  EXPECT_EQ(call.b.set_jitter_buffer_target(call.video, -1ms).error().code, ErrorCode::kType);
  EXPECT_EQ(call.b.set_jitter_buffer_target(StreamId(999), 1ms).error().code, ErrorCode::kNotFound);
}

TEST(VideoSmoothness, TheLongestTargetLosesNothing) {
  SmoothCall call;
  ASSERT_TRUE(call.b.set_jitter_buffer_target(call.video, 4s));
  call.run(10s);
  call.reset_view();
  call.run(10s);
  EXPECT_NEAR(call.latency_ms(0.5), 4010, 20);
  EXPECT_EQ(call.stats().frames_dropped, 0U);
  EXPECT_EQ(call.key_frames_asked, 0);
}

}  // namespace
}  // namespace tidewire::media
