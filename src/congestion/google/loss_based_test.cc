#include "congestion/google/loss_based.h"

#include <gtest/gtest.h>

#include <random>

namespace tidewire::congestion::google {
namespace {

using namespace std::chrono_literals;

// A link that loses a part of everything, and what exceeds its capacity; the sender follows the estimate.
class Link {
 public:
  explicit Link(double start) { loss_.set_limits(10'000, 100e6), rate_ = start; }

  void run(Duration time, double loss, double capacity, double delay_based) {
    for (const Duration end = now_ + time; now_ < end;) step(loss, capacity, delay_based);
  }
  const LossBased& loss() const { return loss_; }

 private:
  void step(double loss, double capacity, double delay_based) {
    std::vector<PacketResult> results;
    const double part = 1 - (1 - loss) * std::min(1.0, capacity / rate_);
    const Duration apart{static_cast<Duration::rep>(1000 * 8 / rate_ * 1e9)};
    double arrived = 0;
    double sent = 0;
    for (const Duration end = now_ + 100ms; now_ < end; now_ += apart) {
      PacketResult& packet = results.emplace_back();
      packet = {.number = number_++, .sent = Timestamp{now_}, .size = 1000};
      sent += 1;
      if (std::uniform_real_distribution<>{}(random_) < part) continue;
      packet.arrival = now_;
      arrived += 1;
    }
    acknowledged_ += 0.2 * (rate_ * arrived / sent - acknowledged_);
    loss_.set_acknowledged(acknowledged_);
    loss_.update(results, delay_based, false);
    rate_ = std::min(delay_based, loss_.rate());
  }

  LossBased loss_;
  double rate_;
  double acknowledged_ = 500'000;
  std::mt19937 random_{3};
  std::int64_t number_ = 0;
  Duration now_{1s};
};

TEST(LossBased, SaysNothingWithoutLoss) {
  Link link(1e6);
  link.run(10s, 0, 1e9, 1e6);
  EXPECT_EQ(link.loss().state(), LossBased::State::kDelayBased);
  EXPECT_EQ(link.loss().rate(), 1e6);
}

TEST(LossBased, FollowsTheDelayBasedEstimateUpWithoutLoss) {
  Link link(1e6);
  link.run(5s, 0, 1e9, 1e6);
  link.run(1s, 0, 1e9, 4e6);
  EXPECT_EQ(link.loss().rate(), 4e6);
}

TEST(LossBased, BoundsTheRateOfALossyLink) {
  struct Case {
    double loss;
    double most;
  };
  // Above an average loss of 5 %, the bound is 100 kbit/s divided by what exceeds it, and what arrives at least.
  for (const Case& c : {Case{0.1, 2.3e6}, Case{0.2, 0.9e6}, Case{0.5, 0.4e6}}) {
    Link link(2e6);
    link.run(30s, c.loss, 1e9, 3e6);
    EXPECT_NE(link.loss().state(), LossBased::State::kDelayBased) << c.loss;
    EXPECT_LT(link.loss().rate(), c.most) << c.loss;
  }
}

TEST(LossBased, FindsTheCapacityThatLossShows) {
  Link link(1e6);
  link.run(20s, 0, 1e6, 3e6);
  EXPECT_LT(link.loss().rate(), 1.4e6);
  EXPECT_GT(link.loss().rate(), 0.8e6);
}

TEST(LossBased, RecoversWhenLossIsOver) {
  Link link(2e6);
  link.run(20s, 0.3, 1e9, 2e6);
  ASSERT_LT(link.loss().rate(), 1e6);
  // It takes its time: after many decreases a rate is held for long.
  link.run(60s, 0, 1e9, 2e6);
  EXPECT_EQ(link.loss().state(), LossBased::State::kDelayBased);
  EXPECT_EQ(link.loss().rate(), 2e6);
}

TEST(LossBased, HoldsADecreasedRateBeforeItGrows) {
  Link link(2e6);
  link.run(10s, 0.3, 1e9, 2e6);
  const double low = link.loss().rate();
  link.run(200ms, 0, 1e9, 2e6);
  EXPECT_LE(link.loss().rate(), low * 1.01);
}

}  // namespace
}  // namespace tidewire::congestion::google
