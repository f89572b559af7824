#include "congestion/google/aimd.h"

#include <algorithm>
#include <cmath>

#include "congestion/google/units.h"

namespace tidewire::congestion::google {

namespace {

constexpr Duration kShortestPause = std::chrono::milliseconds{10};
constexpr Duration kLongestPause = std::chrono::milliseconds{200};
constexpr Duration kResponse = std::chrono::milliseconds{100};  // what the detector needs to notice
constexpr double kFrameRate = 30;
constexpr double kPacketBits = 1200 * 8;
constexpr double kLeastAdditive = 4'000;
constexpr double kLeastMultiplicative = 1'000;

}  // namespace

void Aimd::set_least(double least) {
  least_ = least;
  rate_ = std::max(rate_, least_);
}

void Aimd::update(Usage usage, std::optional<double> throughput, Timestamp now) {
  if (throughput) throughput_ = *throughput;
  change_state(usage, now);
  switch (state_) {
    case State::kHold: break;
    case State::kIncrease: increase(throughput_, now); break;
    case State::kDecrease: decrease(throughput_, now); break;
  }
}

void Aimd::set_rate(double rate, Timestamp now) {
  rate_ = std::max(rate, least_);
  changed_ = now;
}

bool Aimd::may_decrease_again(double throughput, Timestamp now) const {
  const Duration pause = std::clamp(rtt_, kShortestPause, kLongestPause);
  return !changed_ || now - *changed_ >= pause || throughput < rate_ / 2;
}

// gcc-02 §5.5, the table of states: underuse means that queues drain, and the rate waits for it.
void Aimd::change_state(Usage usage, Timestamp now) {
  switch (usage) {
    case Usage::kNormal:
      if (state_ == State::kHold) {
        state_ = State::kIncrease;
        changed_ = now;
      }
      break;
    case Usage::kOveruse: state_ = State::kDecrease; break;
    case Usage::kUnderuse: state_ = State::kHold; break;
  }
}

void Aimd::increase(double throughput, Timestamp now) {
  if (throughput > capacity_.upper()) capacity_.reset();
  const double limit = kAheadFactor * throughput + kAheadOffset;
  const double passed = changed_ ? in_seconds(now - *changed_) : 0;
  if (rate_ < limit) {
    const double growth = capacity_.known() ? additive_growth() * passed
                                            : std::max(rate_ * (std::pow(kGrowthPerSecond, std::min(passed, 1.0)) - 1),
                                                       kLeastMultiplicative);
    rate_ = std::max(std::min(rate_ + growth, limit), least_);
  }
  changed_ = now;
}

void Aimd::decrease(double throughput, Timestamp now) {
  double lower = kBeta * throughput;
  if (lower > kBelow) lower -= kBelow;
  // More arrives than the rate says (a burst, a probe): then what the link is known to carry decides.
  if (lower > rate_ && capacity_.known()) lower = kBeta * capacity_.mean();
  rate_ = std::max(std::min(lower, rate_), least_);
  if (throughput < capacity_.lower()) capacity_.reset();
  capacity_.add_overused_at(throughput);
  state_ = State::kHold;
  changed_ = now;
}

// gcc-02 §5.5: about one packet more for every response time, which is a round trip and what the detector needs.
double Aimd::additive_growth() const {
  const double frame = rate_ / kFrameRate;
  const double packet = frame / std::max(1.0, std::ceil(frame / kPacketBits));
  return std::max(kLeastAdditive, packet / (2 * in_seconds(rtt_ + kResponse)));
}

}  // namespace tidewire::congestion::google
