#include <gtest/gtest.h>

#include <random>

#include "congestion/tidewire/burst_rate.h"
#include "congestion/tidewire/competing_flow_detector.h"
#include "congestion/tidewire/competitive_rate.h"
#include "congestion/tidewire/delay_base.h"
#include "congestion/tidewire/delivery_rate.h"
#include "congestion/tidewire/loss_floor.h"
#include "congestion/tidewire/probe_planner.h"
#include "congestion/tidewire/send_rate.h"
#include "congestion/tidewire/standing_queue.h"

namespace tidewire::congestion {
namespace {

using namespace std::chrono_literals;

Timestamp at(Duration d) { return Timestamp{d}; }

TEST(DelayBase, IsTheLeastOfTheLastTenSeconds) {
  DelayBase base;
  EXPECT_FALSE(base.known());
  base.add(30ms, at(0s));
  for (Duration t = 0s; t < 9s; t += 100ms) {
    base.add(50ms, at(t));
    EXPECT_EQ(base.value(), 30ms);
  }
  for (Duration t = 9s; t < 12s; t += 100ms) base.add(50ms, at(t));
  EXPECT_EQ(base.value(), 50ms);
  base.add(-7ms, at(12s));  // the clocks have no common origin
  EXPECT_EQ(base.value(), -7ms);
}

TEST(DelayBase, ForgetsNothingInTimeWithoutPackets) {
  DelayBase base;
  base.add(30ms, at(0s));
  base.add(80ms, at(1h));
  EXPECT_EQ(base.value(), 30ms);
}

TEST(DelayBase, FollowsClocksThatDriftApart) {
  for (const double drift : {500e-6, -500e-6}) {
    DelayBase base;
    Duration delay{};
    for (Duration t = 0s; t < 60s; t += 20ms) {
      delay = 40ms + Duration{static_cast<Duration::rep>(static_cast<double>(t.count()) * drift)};
      base.add(delay, at(t));
    }
    EXPECT_LE(delay - base.value(), 6ms) << drift;
    EXPECT_GE(delay - base.value(), 0ms) << drift;
  }
}

TEST(StandingQueue, IsWhatTheLuckiestPacketWaited) {
  StandingQueue queue;
  EXPECT_EQ(queue.value(), 0ms);
  queue.add(0ms, 20ms, at(0ms));
  for (int i = 1; i < 20; ++i) queue.add(10ms * i, i % 5 == 0 ? 35ms : 60ms, at(10ms * i));
  EXPECT_EQ(queue.value(), 15ms);
}

TEST(StandingQueue, IgnoresAFramesOwnQueue) {
  StandingQueue queue;
  for (int frame = 0; frame < 10; ++frame) {
    for (int i = 0; i < 5; ++i) queue.add(33ms * frame + 5ms * i, 20ms + 3ms * i, at(33ms * frame));
    EXPECT_EQ(queue.value(), 0ms);
  }
}

TEST(StandingQueue, BeginsAnewWhenTheClockJumps) {
  for (const Duration jump : {Duration{1h}, Duration{-300h}}) {
    StandingQueue queue;
    queue.add(0ms, 20ms, at(0ms));
    queue.add(jump, jump + 20ms, at(10ms));
    EXPECT_EQ(queue.value(), 0ms);
    queue.add(jump + 10ms, jump + 29ms, at(20ms));
    queue.add(jump + 20ms, jump + 28ms, at(30ms));
    EXPECT_EQ(queue.value(), 0ms);
  }
}

TEST(StandingQueue, LearnsWhatJitterMakesOfAnEmptyQueue) {
  StandingQueue queue;
  queue.add(0ms, 0ms, at(0ms));
  for (int i = 1; i < 2000; ++i) {
    queue.add(10ms * i, i % 100 == 0 ? 0ms : 6ms, at(10ms * i));
    if (i % 10 == 0) queue.update_quiet();
  }
  EXPECT_NEAR(std::chrono::duration<double>(queue.quiet()).count(), 0.006, 0.001);
}

TEST(DeliveryRate, IsBytesOverTheTimeOfTheirArrival) {
  DeliveryRate rate;
  EXPECT_FALSE(rate.over(200ms));
  for (int i = 0; i < 100; ++i) rate.add(10ms * i, 1250);
  EXPECT_NEAR(*rate.over(200ms), 1e6, 1);
  for (int i = 0; i < 100; ++i) rate.add(990ms + 5ms * (i + 1), 1250);
  EXPECT_NEAR(*rate.over(200ms), 2e6, 1);
  EXPECT_FALSE(rate.over(1h));
  rate.reset();
  EXPECT_FALSE(rate.over(200ms));
}

TEST(DeliveryRate, SurvivesArrivalsOutOfOrderAndMoreThanItKeeps) {
  DeliveryRate rate;
  std::mt19937_64 random(1);
  for (int i = 0; i < 10'000; ++i) rate.add(1ms * i - Duration{static_cast<Duration::rep>(random() % 5'000'000)}, 125);
  EXPECT_NEAR(*rate.over(300ms), 1e6, 2e4);
}

// Frames of five packets that leave at `pace` and pass a bottleneck.
BurstRate frames_through(std::uint64_t pace, std::uint64_t bottleneck) {
  BurstRate bursts;
  std::int64_t number = 0;
  for (int frame = 0; frame < 20; ++frame) {
    Duration arrival{};
    for (int i = 0; i < 5; ++i) {
      const Duration sent = 50ms * frame + i * Duration{9'600'000'000'000 / static_cast<std::int64_t>(pace)};
      arrival = std::max(arrival, sent) + Duration{9'600'000'000'000 / static_cast<std::int64_t>(bottleneck)};
      bursts.add({.number = number++, .sent = at(sent), .size = 1200, .arrival = arrival}, 1e6);
      if (i != 2) continue;
      bursts.add({.number = number++, .sent = at(sent + 100us), .size = 100, .arrival = arrival + 100us}, 1e6);
    }
  }
  return bursts;
}

TEST(BurstRate, ShowsThePaceWhereThePathCarriesItAndElseThePathsRate) {
  EXPECT_FALSE(BurstRate().rates());
  const auto free = frames_through(3'000'000, 20'000'000).rates();
  ASSERT_TRUE(free);
  EXPECT_NEAR(free->arrived / free->sent, 1, 0.03);
  const auto full = frames_through(3'000'000, 2'000'000).rates();
  ASSERT_TRUE(full);
  EXPECT_NEAR(full->arrived, 2e6, 5e4);
}

TEST(LossFloor, IsDeafToLossesThatStayWhenLessIsSent) {
  std::mt19937_64 random(7);
  LossFloor floor;
  double rate = 1;
  for (int i = 0; i < 600; ++i) {
    std::size_t lost = 0;
    for (int packet = 0; packet < 20; ++packet) lost += random() % 100 < 12 ? 1 : 0;
    floor.add(20 - lost, lost, at(100ms * i));
    rate *= 1 - floor.take_cut(200ms, at(100ms * i));
  }
  EXPECT_GT(rate, 0.5);
  EXPECT_GT(floor.value(), 0.02);
}

TEST(LossFloor, CutsUntilALossThatDependsOnTheRateIsGone) {
  LossFloor floor;
  double rate = 1.5;  // through a path of 1, which drops the rest
  for (int i = 0; i < 100; ++i) {
    const auto lost = static_cast<std::size_t>(std::max(0.0, 1 - 1 / rate) * 20 + 0.5);
    floor.add(20 - lost, lost, at(100ms * i));
    rate *= 1 - floor.take_cut(200ms, at(100ms * i));
  }
  EXPECT_LT(rate, 1.1);
  EXPECT_GT(rate, 0.8);
  EXPECT_EQ(floor.value(), 0);
}

TEST(LossFloor, TakesNoNoticeOfFewLosses) {
  LossFloor floor;
  for (int i = 0; i < 100; ++i) {
    floor.add(19, 1, at(100ms * i));
    EXPECT_EQ(floor.take_cut(200ms, at(100ms * i)), 0);
  }
}

TEST(SendRate, FollowsWhatIsSent) {
  SendRate rate(at(0s));
  for (int i = 1; i <= 200; ++i) rate.add(1250, at(10ms * i));
  EXPECT_NEAR(rate.bits_per_second(), 1e6, 1e5);
  for (int i = 1; i <= 200; ++i) rate.add(125, at(2s + 10ms * i));
  EXPECT_NEAR(rate.bits_per_second(), 1e5, 1e4);
}

TEST(CompetingFlowDetector, FindsAQueueThatStandsAlthoughWeYield) {
  CompetingFlowDetector detector;
  detector.update(true, 100ms, at(0s));
  detector.update(true, 100ms, at(1900ms));
  EXPECT_FALSE(detector.found(at(1900ms), false));
  EXPECT_TRUE(detector.found(at(1900ms), true));
  EXPECT_TRUE(detector.found(at(2s), false));
  detector.update(false, 100ms, at(2100ms));
  EXPECT_FALSE(detector.found(at(9s), true));
}

TEST(CompetingFlowDetector, WantsALongQueueWhenItIsQuick) {
  CompetingFlowDetector detector;
  detector.update(true, 30ms, at(0s));
  EXPECT_FALSE(detector.found(at(1s), true));
}

TEST(CompetitiveRate, GrowsByPacketsInARoundTripAndFallsWithALoss) {
  CompetitiveRate rate;
  rate.begin(1e6, at(0s));
  CompetitiveRate::Round round{.queue = 100ms, .round_trip = 100ms, .elapsed = 0.2, .reaction = 250ms};
  rate.update(round, at(200ms));
  EXPECT_NEAR(rate.rate(), 1e6 + CompetitiveRate::kGrowth * CompetitiveRate::kPacketBits / 0.2, 1);
  const double before = rate.rate();
  round.lost = true;
  rate.update(round, at(400ms));
  EXPECT_NEAR(rate.rate(), before * CompetitiveRate::kBeta, 1);
  rate.update(round, at(500ms));  // the same overflow
  EXPECT_NEAR(rate.rate(), before * CompetitiveRate::kBeta, 1);
}

TEST(CompetitiveRate, TestsTheQueueWithALossAndTakesItsRateUpAgain) {
  CompetitiveRate rate;
  rate.begin(1e6, at(0s));
  CompetitiveRate::Round round{.queue = 100ms, .round_trip = 100ms, .elapsed = 0.1, .reaction = 250ms, .lost = true};
  rate.update(round, at(4s));
  EXPECT_TRUE(rate.testing());
  const double before = rate.rate();
  rate.update(round, at(4200ms));
  EXPECT_TRUE(rate.testing());
  rate.update(round, at(4400ms));
  EXPECT_FALSE(rate.testing());
  EXPECT_EQ(rate.rate(), before);
  rate.begin(1e5, at(8s));
  EXPECT_EQ(rate.rate(), before);
  rate.begin(1e5, at(60s));
  EXPECT_EQ(rate.rate(), 1e5);
}

TEST(ProbePlanner, MeasuresTheSpacingOfACluster) {
  ProbePlanner probes;
  probes.plan(3e6, at(0s));
  const auto cluster = probes.poll();
  ASSERT_TRUE(cluster);
  EXPECT_FALSE(probes.poll());
  EXPECT_EQ(cluster->bitrate, 3'000'000U);
  for (int i = 0; i < 8; ++i) {
    probes.handle_sent({.number = i, .size = 1200, .sent = at(3200us * i), .probe = cluster->id});
  }
  for (int i = 0; i < 8; ++i) {
    EXPECT_FALSE(probes.take_result());
    probes.handle_result(
        {.number = i, .sent = at(3200us * i), .size = 1200, .arrival = 6400us * i, .probe = cluster->id});
  }
  const auto result = probes.take_result();
  ASSERT_TRUE(result);
  EXPECT_NEAR(result->sent, 3e6, 1e3);
  EXPECT_NEAR(result->arrived, 1.5e6, 1e3);
  EXPECT_FALSE(probes.busy());
}

TEST(ProbePlanner, GivesUpAClusterThatIsNotAnswered) {
  ProbePlanner probes;
  probes.plan(1e6, at(0s));
  (void)probes.poll();
  probes.handle_timeout(at(1s));
  EXPECT_TRUE(probes.busy());
  probes.handle_timeout(at(2s));
  EXPECT_FALSE(probes.busy());
}

TEST(ProbePlanner, IsSatisfiedWithWhatWasReportedOnceLaterPacketsWere) {
  ProbePlanner probes;
  probes.plan(1e6, at(0s));
  const int id = probes.poll()->id;
  for (int i = 0; i < 6; ++i) probes.handle_sent({.number = i, .size = 1200, .sent = at(9600us * i), .probe = id});
  for (int i = 0; i < 4; ++i) {
    probes.handle_result({.number = i, .sent = at(9600us * i), .size = 1200, .arrival = 9600us * i, .probe = id});
  }
  EXPECT_FALSE(probes.take_result());
  probes.handle_result({.number = 9, .sent = at(100ms), .size = 1200, .arrival = 100ms});
  EXPECT_TRUE(probes.take_result());
}

}  // namespace
}  // namespace tidewire::congestion
