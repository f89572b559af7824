// The formulas of congestion control, each against its RFC.
#include "sctp/tx/congestion.h"

#include <gtest/gtest.h>

#include <cmath>

#include "sctp/tx/pacer.h"

namespace tidewire::sctp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kSegment = 1000;
constexpr Timestamp kStart = Timestamp{} + seconds(1000);

TEST(SctpCubic, FollowsTheCurveOfTheRfc) {
  // RFC 9438 §4.2: W(t) = C (t - K)^3 + W_max with K = cbrt(W_max (1 - beta) / C), far above what Reno has.
  Cubic cubic(kSegment);
  constexpr double kMax = 2000;
  std::size_t cwnd = cubic.on_congestion(static_cast<std::size_t>(kMax) * kSegment);
  EXPECT_EQ(cwnd, 1400 * kSegment);
  const double k = std::cbrt(kMax * 0.3 / 0.4);
  const Duration rtt = milliseconds(100);
  Timestamp now = kStart;
  for (int round = 0; round < 200; ++round, now += rtt) {
    for (int i = 0; i < 10; ++i) cwnd = cubic.on_ack(cwnd, cwnd / 10, rtt, now);
    const double t = std::chrono::duration<double>(now - kStart + rtt).count();
    const double expected = 0.4 * std::pow(t - k, 3) + kMax;
    ASSERT_NEAR(static_cast<double>(cwnd) / kSegment, expected, expected * 0.02) << "second " << t;
  }
  EXPECT_NEAR(cubic.k(), k, 1e-9);
  EXPECT_DOUBLE_EQ(cubic.at(cubic.k()), kMax);
}

TEST(SctpCubic, IsNeverSlowerThanRenoOnShortPaths) {
  // RFC 9438 §4.3: alpha segments for each window until the old one is reached, one afterwards.
  Cubic cubic(kSegment);
  std::size_t cwnd = cubic.on_congestion(100 * kSegment);
  Timestamp now = kStart;
  for (int round = 0; round < 20; ++round, now += milliseconds(1))
    cwnd = cubic.on_ack(cwnd, cwnd, milliseconds(1), now);
  EXPECT_NEAR(static_cast<double>(cwnd) / kSegment, 70 + 20 * Cubic::kAlpha, 0.5);
  for (int round = 0; round < 60; ++round, now += milliseconds(1))
    cwnd = cubic.on_ack(cwnd, cwnd, milliseconds(1), now);
  const std::size_t before = cwnd;
  ASSERT_GT(before, 100 * kSegment);
  for (int round = 0; round < 10; ++round, now += milliseconds(1))
    cwnd = cubic.on_ack(cwnd, cwnd, milliseconds(1), now);
  EXPECT_NEAR(static_cast<double>(cwnd - before) / kSegment, 10, 0.5);
}

TEST(SctpCubic, LeavesRoomForOthersWhenItLosesAgainBeforeItIsBack) {
  // RFC 9438 §4.7
  Cubic cubic(kSegment);
  cubic.on_congestion(1000 * kSegment);
  const std::size_t cwnd = cubic.on_congestion(800 * kSegment);
  EXPECT_EQ(cwnd, 560 * kSegment);
  cubic.on_ack(cwnd, kSegment, milliseconds(100), kStart);
  EXPECT_NEAR(cubic.at(cubic.k()), 800 * 0.85, 1e-6);
}

TEST(SctpCubic, BeginsFlatAfterATimeout) {
  // RFC 9438 §4.8
  Cubic cubic(kSegment);
  EXPECT_EQ(cubic.on_timeout(1000 * kSegment), 700 * kSegment);
  cubic.on_ack(700 * kSegment, kSegment, milliseconds(100), kStart);
  EXPECT_DOUBLE_EQ(cubic.k(), 0);
  EXPECT_DOUBLE_EQ(cubic.at(0), 700);
}

TEST(SctpCubic, NeverShrinksBelowTwoPackets) {
  Cubic cubic(kSegment);
  EXPECT_EQ(cubic.on_congestion(kSegment), 2 * kSegment);
}

TEST(SctpHyStart, EndsSlowStartFiveRoundsAfterTheRoundTripGrew) {
  HyStart hystart;
  Tsn sent = 0;
  const auto round = [&](Duration rtt) {
    const Tsn end = sent;
    sent += 100;
    hystart.on_round_progress(end + 1, sent);
    for (int i = 0; i < 8; ++i) hystart.on_rtt(rtt);
  };
  round(milliseconds(50));
  round(milliseconds(50));
  round(milliseconds(54));
  EXPECT_FALSE(hystart.conservative());  // RFC 9406 §4.2: 50 / 8 is more
  EXPECT_EQ(hystart.growth(4000), 4000U);
  round(milliseconds(62));
  EXPECT_TRUE(hystart.conservative());
  EXPECT_EQ(hystart.growth(4000), 1000U);
  for (int i = 0; i < 4; ++i) round(milliseconds(70));
  EXPECT_FALSE(hystart.done());
  round(milliseconds(70));
  EXPECT_TRUE(hystart.done());
}

TEST(SctpHyStart, GoesOnWhenTheRoundTripWasLongByChance) {
  HyStart hystart;
  hystart.on_round_progress(0, 100);
  for (int i = 0; i < 8; ++i) hystart.on_rtt(milliseconds(50));
  hystart.on_round_progress(101, 200);
  for (int i = 0; i < 8; ++i) hystart.on_rtt(milliseconds(70));
  ASSERT_TRUE(hystart.conservative());
  for (int i = 0; i < 8; ++i) hystart.on_rtt(milliseconds(50));
  EXPECT_FALSE(hystart.conservative());
  EXPECT_FALSE(hystart.done());
}

TEST(SctpPrr, SendsInProportionAndEndsAtTheReducedWindow) {
  // 100 packets are out, ten of them lost; the window goes to 70.
  Prr prr;
  prr.begin(100);
  std::size_t flight = 90;
  std::size_t sent = 0;
  for (int acks = 0; acks < 90; ++acks) {
    --flight;
    const std::size_t cwnd = prr.on_ack(1, flight, 70, true, 1);
    // Never a burst: an arrival lets two packets go at most.
    ASSERT_LE(cwnd, flight + 2) << acks;
    while (flight < cwnd) ++flight, ++sent, prr.on_sent(1);
  }
  EXPECT_EQ(flight, 70U);
  EXPECT_NEAR(static_cast<double>(sent), 70, 2);
}

TEST(SctpPacer, LetsAMillisecondGoAtATime) {
  Pacer pacer(1200);
  pacer.set_rate(60'000'000);  // 60 kB in a millisecond
  Timestamp now = kStart;
  std::size_t sent = 0;
  std::size_t bursts = 0;
  while (now < kStart + milliseconds(100)) {
    std::size_t burst = 0;
    for (; !pacer.blocked(now); burst += 1200) pacer.on_sent(1200, now);
    if (bursts++ > 0) {
      EXPECT_NEAR(static_cast<double>(burst), 60'000, 1200);
    }
    sent += burst;
    now = pacer.release();
  }
  EXPECT_NEAR(static_cast<double>(sent), 6'000'000, 200'000);
}

TEST(SctpPacer, MakesUpForALateTimerButNotForAPause) {
  for (const auto& [late, expected] :
       {std::pair{milliseconds(1), 120'000.0}, std::pair{milliseconds(500), 180'000.0}}) {
    Pacer pacer(1200);
    pacer.set_rate(60'000'000);
    while (!pacer.blocked(kStart)) pacer.on_sent(1200, kStart);
    const Timestamp now = pacer.release() + late;
    std::size_t burst = 0;
    for (; !pacer.blocked(now); burst += 1200) pacer.on_sent(1200, now);
    EXPECT_NEAR(static_cast<double>(burst), expected, 1200);
  }
}

struct Sender {
  explicit Sender(CongestionAlgorithm algorithm) : congestion(config(algorithm), kSegment) {}
  static Config config(CongestionAlgorithm algorithm) {
    Config config;
    config.congestion = algorithm;
    return config;
  }
  // A window, or less, goes out and is acknowledged.
  void round(std::size_t most = SIZE_MAX) {
    const std::size_t flight = std::min(most, congestion.cwnd());
    for (std::size_t sent = kSegment; sent <= flight; sent += kSegment) congestion.on_sent(kSegment, sent), ++tsn;
    now += milliseconds(50);
    std::size_t left = flight;
    Tsn cumulative = tsn - static_cast<Tsn>(flight / kSegment);
    for (; left >= kSegment; left -= kSegment) {
      congestion.on_ack({.cumulative = ++cumulative,
                         .last_sent = tsn,
                         .advanced = true,
                         .acked = kSegment,
                         .flight = left - kSegment,
                         .rtt = milliseconds(50),
                         .srtt = milliseconds(50),
                         .now = now});
    }
  }
  Congestion congestion;
  Tsn tsn = 0;
  Timestamp now = kStart;
};

TEST(SctpCongestion, DoublesInSlowStartAndOnlyWhenTheWindowIsUsed) {
  for (const auto algorithm : {CongestionAlgorithm::kCubic, CongestionAlgorithm::kReno}) {
    Sender sender(algorithm);
    sender.round();
    EXPECT_EQ(sender.congestion.cwnd(), 20 * kSegment);
    sender.round();
    EXPECT_EQ(sender.congestion.cwnd(), 40 * kSegment);
    for (int i = 0; i < 20; ++i) sender.round(5 * kSegment);
    EXPECT_EQ(sender.congestion.cwnd(), 40 * kSegment);
  }
}

TEST(SctpCongestion, TakesAllLossesOfOneFlightForOneEvent) {
  Sender sender(CongestionAlgorithm::kCubic);
  for (int i = 0; i < 4; ++i) sender.round();
  const std::size_t cwnd = sender.congestion.cwnd();
  EXPECT_TRUE(sender.congestion.on_loss(sender.tsn, cwnd));
  EXPECT_FALSE(sender.congestion.on_loss(sender.tsn, cwnd));
  EXPECT_EQ(sender.congestion.ssthresh(), cwnd * 7 / 10);
  EXPECT_TRUE(
      sender.congestion.on_ack({.cumulative = sender.tsn, .last_sent = sender.tsn, .rtt = {}, .now = sender.now}));
  EXPECT_EQ(sender.congestion.cwnd(), cwnd * 7 / 10);
}

TEST(SctpCongestion, GetsItsWindowBackWhenTheLossWasNone) {
  for (const bool timeout : {false, true}) {
    Sender sender(CongestionAlgorithm::kCubic);
    for (int i = 0; i < 4; ++i) sender.round();
    const std::size_t cwnd = sender.congestion.cwnd();
    if (timeout)
      sender.congestion.on_timeout(sender.tsn, 0);
    else
      sender.congestion.on_loss(sender.tsn, cwnd);
    sender.congestion.undo();
    EXPECT_EQ(sender.congestion.cwnd(), cwnd);
    EXPECT_EQ(sender.congestion.ssthresh(), SIZE_MAX);
    EXPECT_FALSE(sender.congestion.in_recovery());
  }
}

TEST(SctpCongestion, ShrinksTowardsTheFirstWindowWhenIdle) {
  Sender sender(CongestionAlgorithm::kCubic);
  for (int i = 0; i < 4; ++i) sender.round();
  ASSERT_EQ(sender.congestion.cwnd(), 160 * kSegment);
  sender.congestion.on_idle(2);
  EXPECT_EQ(sender.congestion.cwnd(), 40 * kSegment);
  sender.congestion.on_idle(1000);
  EXPECT_EQ(sender.congestion.cwnd(), 10 * kSegment);
}

}  // namespace
}  // namespace tidewire::sctp
