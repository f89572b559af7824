// The parts that decide when a picture is shown, each by itself.
#include "media/video_playout.h"

#include <gtest/gtest.h>

#include <array>
#include <random>

#include "media/freeze_meter.h"
#include "media/nack_list.h"
#include "media/video_arrivals.h"

namespace tidewire::media {
namespace {

using namespace std::chrono_literals;

Timestamp at(Duration d) { return Timestamp{d}; }

// Frames at 30 a second, each of which comes `lateness` after it was captured.
class Source {
 public:
  Timestamp next(Duration lateness = 0ms) {
    captured += 33'333'333ns;
    timestamp += 3000;
    const Timestamp complete = captured + lateness;
    return playout.handle_frame({timestamp, complete, complete, 1000, false, false});
  }
  // From capture to when it is due.
  Duration delay(Duration lateness = 0ms) { return next(lateness) - captured; }

  VideoPlayout playout{90'000};
  std::uint32_t timestamp = 0xffff'0000;
  Timestamp captured{1h};
};

TEST(VideoPlayout, IsNeverEarlierThanTheFrame) {
  Source source;
  std::mt19937 random(3);
  for (int i = 0; i < 2000; ++i) {
    const Duration lateness = std::chrono::milliseconds{random() % (i % 200 < 100 ? 400 : 10)};
    ASSERT_GE(source.delay(lateness), lateness);
    ASSERT_LE(source.playout.current_delay(), VideoPlayout::kMaxJitterDelay);
  }
}

TEST(VideoPlayout, TakesAtOnceWhatIsLate) {
  Source source;
  for (int i = 0; i < 300; ++i) source.next();
  EXPECT_EQ(source.delay(90ms), 90ms);
  EXPECT_LE(source.delay(0ms), 20ms) << "one frame changes little";
}

TEST(VideoPlayout, KeepsTheBoundsOfTheSender) {
  Source source;
  source.playout.set_sender_bounds(80ms, 80ms);
  source.next();
  EXPECT_EQ(source.delay() / 1ms, 80);
  source.playout.set_sender_bounds(0ms, 0ms);
  for (int i = 0; i < 200; ++i) source.next(i % 2 == 0 ? 0ms : 40ms);
  EXPECT_LE(source.delay(), 1ms) << "no waiting for jitter";
  source.playout.set_minimum(100ms);
  for (int i = 0; i < 200; ++i) source.next();
  EXPECT_EQ(source.delay() / 1ms, 100) << "the owner's wish comes first";
}

TEST(VideoPlayout, TakesHostileBoundsForTheLongestDelay) {
  Source source;
  source.playout.set_sender_bounds(40'950ms, 40'950ms);
  EXPECT_EQ(source.playout.target_delay(), VideoPlayout::kMaxDelay);
  source.playout.set_sender_bounds(-1h, -2h);
  EXPECT_EQ(source.playout.target_delay(), 0ms);
  source.playout.set_minimum(Duration::max());
  EXPECT_EQ(source.playout.target_delay(), VideoPlayout::kMaxDelay);
  source.playout.set_minimum(0ms);
  source.playout.set_sync_delay(Duration::max(), false);
  EXPECT_EQ(source.playout.target_delay(), VideoPlayout::kMaxDelay);
}

TEST(VideoPlayout, AnyTimestampsGiveSomeSaneTime) {
  VideoPlayout playout(90'000);
  std::mt19937 random(4);
  Timestamp now{1s};
  for (int i = 0; i < 20'000; ++i) {
    now += std::chrono::milliseconds{random() % 40};
    const auto timestamp = static_cast<std::uint32_t>(random());
    const Timestamp due =
        playout.handle_frame({timestamp, now, now, random() % 100'000, random() % 8 == 0, random() % 8 == 0});
    ASSERT_GE(due, now);
    ASSERT_LE(due, now + VideoPlayout::kMaxLateness + VideoPlayout::kMaxDelay);
  }
}

TEST(VideoPlayout, RareRepetitionIsNotWaitedForAndSteadyRepetitionIs) {
  for (const int one_in : {200, 10}) {
    Source source;
    for (int i = 0; i < 600; ++i) {
      source.captured += 33'333'333ns;
      source.timestamp += 3000;
      const bool repeated = i % one_in == one_in - 1;
      const Timestamp complete = source.captured + (repeated ? 100ms : 0ms);
      source.playout.handle_frame({source.timestamp, source.captured, complete, 1000, false, repeated});
    }
    if (one_in == 200) {
      EXPECT_LE(source.playout.target_delay(), 1ms);
    } else {
      EXPECT_NEAR(static_cast<double>(source.playout.target_delay() / 1us), 100'000, 1000);
    }
  }
}

TEST(FreezeMeter, GoesByTheRuleOfTheW3c) {
  struct Case {
    Duration interval;  // of all frames but one
    Duration of_one;
    bool freeze;
  };
  for (const Case& c : {Case{33ms, 182ms, false}, Case{33ms, 184ms, true}, Case{100ms, 299ms, false},
                        Case{100ms, 301ms, true}, Case{10ms, 159ms, false}, Case{10ms, 161ms, true}}) {
    FreezeMeter meter;
    Timestamp now{1s};
    for (int i = 0; i < 40; ++i) meter.handle_frame(now += c.interval);
    meter.handle_frame(now += c.of_one);
    meter.handle_frame(now += c.interval);
    EXPECT_EQ(meter.freezes(), c.freeze ? 1U : 0U) << c.of_one / 1ms;
    EXPECT_EQ(meter.total_freezes(), c.freeze ? c.of_one : 0ms);
    EXPECT_EQ(meter.total_inter_frame_delay(), 40 * c.interval + c.of_one);
  }
}

TEST(FreezeMeter, SumsSquaresAndCountsTheLastSecond) {
  FreezeMeter meter;
  Timestamp now{1s};
  for (int i = 0; i < 101; ++i) meter.handle_frame(now += 20ms);
  EXPECT_NEAR(meter.total_squared_inter_frame_delay(), 100 * 0.02 * 0.02, 1e-9);
  EXPECT_EQ(meter.frames_per_second(now), 50U);
  EXPECT_EQ(meter.frames_per_second(now + 500ms), 25U);
  EXPECT_EQ(meter.frames_per_second(now + 1s), 0U);
}

TEST(FreezeMeter, CountsWhatIsOnlyDecodedAsReceivedButNotAsSeen) {
  FreezeMeter meter;
  Timestamp now{1s};
  for (int i = 0; i < 10; ++i) meter.handle_frame(now += 33ms);
  for (int i = 0; i < 9; ++i) meter.handle_frame(now += 33ms, false);
  meter.handle_frame(now += 33ms);
  EXPECT_EQ(meter.freezes(), 1U);
  EXPECT_EQ(meter.total_freezes(), 330ms);
  EXPECT_EQ(meter.frames_per_second(now), 20U);
}

TEST(FreezeMeter, TakesALongSilenceForAPause) {
  FreezeMeter meter;
  Timestamp now{1s};
  for (int i = 0; i < 40; ++i) meter.handle_frame(now += 33ms);
  meter.handle_frame(now += 5001ms);
  meter.restart();
  meter.handle_frame(now += 4s);  // another source's first
  EXPECT_EQ(meter.freezes(), 0U);
  EXPECT_EQ(meter.pauses(), 1U);
  EXPECT_EQ(meter.total_pauses(), 5001ms);
}

TEST(NackList, LearnsHowLongRepetitionsTake) {
  NackList list;
  std::array<std::uint16_t, 4> out{};
  EXPECT_EQ(list.round_trip_time(), std::nullopt);
  Timestamp now{1s};
  for (std::int64_t n = 0; n < 40; n += 2) {
    list.handle_packet(n, now);
    if (n == 0) continue;
    now += NackList::kReorderTolerance;
    ASSERT_EQ(list.collect(out, now, 500ms), 1U);
    EXPECT_EQ(list.asked_for(n - 1), now);
    now += 60ms;
    list.handle_packet(n - 1, now, true);
    now += 100ms;
  }
  EXPECT_GE(*list.round_trip_time(), 60ms);
  EXPECT_LE(*list.round_trip_time(), 64ms);
}

TEST(NackList, BearsMoreOvertakingWherePacketsAreOvertaken) {
  NackList list;
  Timestamp now{1s};
  std::int64_t n = 0;
  for (; n < 40; n += 2) {
    list.handle_packet(n + 1, now);
    list.handle_packet(n, now + 15ms);
    now += 30ms;
  }
  EXPECT_GE(list.reorder_tolerance(), 15ms);
  EXPECT_LE(list.reorder_tolerance(), 16ms);
  // And less again when it is over.
  for (int i = 0; i < 10; ++i) {
    now += 11s;
    list.handle_packet(n += 2, now);
  }
  EXPECT_EQ(list.reorder_tolerance(), NackList::kReorderTolerance);
}

TEST(VideoArrivals, TellOfAFrameWhatItsPacketsTell) {
  VideoArrivals arrivals;
  arrivals.add(10, {at(3ms), 100, -1, false});
  arrivals.add(11, {at(1ms), 200, 90, true});
  arrivals.add(12, {at(2ms), 300, -1, false});
  const VideoArrivals::Frame frame = arrivals.frame(10, 12);
  EXPECT_EQ(frame.first_packet, at(1ms));
  EXPECT_EQ(frame.last_packet, at(3ms));
  EXPECT_EQ(frame.size, 600U);
  EXPECT_EQ(frame.rotation, 90);
  EXPECT_TRUE(frame.repeated);
  EXPECT_FALSE(arrivals.frame(12, 12).repeated);
}

}  // namespace
}  // namespace tidewire::media
