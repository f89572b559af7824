#include "congestion/google/loss_based.h"

#include <algorithm>
#include <cmath>

namespace tidewire::congestion::google {

namespace {

constexpr double kNearNothing = 1e-6;

// Of what is sent at `rate`, the part that a channel loses.
double loss_probability(double inherent, double bandwidth, double rate) {
  const double excess = rate > bandwidth ? (1 - inherent) * (rate - bandwidth) / rate : 0;
  return std::clamp(inherent + excess, kNearNothing, 1 - kNearNothing);
}

}  // namespace

void LossBased::set_limits(double least, double greatest) {
  least_ = least;
  greatest_ = greatest;
}

void LossBased::update(std::span<const PacketResult> results, double delay_based, bool limited) {
  delay_based_ = delay_based;
  if (!window_.add(results)) return;
  if (!best_) {
    best_ = Channel{kFirstInherent, delay_based};
    rate_ = delay_based;
  }
  Channel found = likeliest(limited);
  // More is lost than the channel's own loss explains: no time to grow.
  if (window_.average() > found.inherent) found.bandwidth = std::min(found.bandwidth, best_->bandwidth);
  if (loss_limits()) bound_growth(found);

  const double bounded = std::max(lower_bound(), std::min({found.bandwidth, upper_bound(), delay_based_}));
  if (bounded < found.bandwidth) {
    best_ = Channel{0, bounded};
  } else {
    best_ = Channel{found.inherent, std::max(found.bandwidth, lower_bound())};
  }
  decide(bounded);
}

LossBased::Candidates LossBased::candidates(bool limited) const {
  Candidates all;
  for (const double factor : kFactors) all.add(factor * best_->bandwidth);
  const bool padded = padded_since_ && window_.ended() <= *padded_since_ + kPadding;
  if (acknowledged_ && (!limited || padded)) all.add(*acknowledged_);
  if (delay_based_ > best_->bandwidth) all.add(delay_based_);
  return all;
}

LossBased::Channel LossBased::likeliest(bool limited) const {
  const double highest = std::max(best_->bandwidth, loss_limits() ? std::min(growth_limit_, greatest_) : greatest_);
  const Candidates all = candidates(limited);
  Channel best = *best_;
  double best_likelihood = -kUnlimited;
  for (std::size_t i = 0; i < all.size; ++i) {
    Channel channel{best_->inherent, std::min(all.bandwidths[i], highest)};
    channel.inherent = feasible(channel);
    channel.inherent = improved_inherent(channel);
    const double value = likelihood(channel);
    if (value > best_likelihood) {
      best_likelihood = value;
      best = channel;
    }
  }
  return best;
}

double LossBased::feasible(const Channel& channel) const {
  const double most = channel.bandwidth > 0 ? std::min(1.0, kLossOffset + kLossBalance / channel.bandwidth) : 1.0;
  return std::min(std::max(channel.inherent, kLeastInherent), most);
}

// One step of Newton's method towards the inherent loss that explains the observations best.
double LossBased::improved_inherent(const Channel& channel) const {
  double first = 0;
  double second = 0;
  for (std::size_t age = 0; age < window_.size(); ++age) {
    const LossWindow::Observation& seen = window_.at(age);
    const double p = loss_probability(channel.inherent, channel.bandwidth, seen.rate);
    const double lost = LossWindow::weight(age) * seen.lost;
    const double came = LossWindow::weight(age) * (seen.bytes - seen.lost);
    first += lost / p - came / (1 - p);
    second -= lost / (p * p) + came / ((1 - p) * (1 - p));
  }
  if (second >= 0) return channel.inherent;  // nothing was sent
  return feasible({channel.inherent - kNewtonStep * first / second, channel.bandwidth});
}

double LossBased::likelihood(const Channel& channel) const {
  const double preference = bias(channel.bandwidth);
  double sum = 0;
  for (std::size_t age = 0; age < window_.size(); ++age) {
    const LossWindow::Observation& seen = window_.at(age);
    const double p = loss_probability(channel.inherent, channel.bandwidth, seen.rate);
    sum += LossWindow::weight(age) *
           (seen.lost * std::log(p) + (seen.bytes - seen.lost) * std::log(1 - p) + preference * seen.bytes);
  }
  return sum;
}

double LossBased::bias(double bandwidth) const {
  const double distance = kBiasTurns - window_.average();
  const double direction = distance / (kBiasSmoothing + std::abs(distance));
  const double kbps = bandwidth / kKilo;
  return direction * (kBias * kbps + kLogBias * std::log1p(kbps));
}

void LossBased::bound_growth(Channel& found) const {
  if (growth_began_ && *growth_began_ + kGrowthWindow > window_.ended()) {
    found.bandwidth = std::min(found.bandwidth, growth_limit_);
  }
  const double before = best_->bandwidth;
  const bool grows = found.bandwidth > before || (found.bandwidth == before && state_ == State::kIncreasing);
  if (!grows || !acknowledged_) return;
  const double factor =
      *acknowledged_ < kHoldThreshold * hold_.rate && hold_.rate < kUnlimited ? kRampUpInHold : kRampUp;
  found.bandwidth = std::max(before, std::min(found.bandwidth, factor * *acknowledged_));
  // One bit more than before, so that it counts as growth, and padding begins.
  if (state_ == State::kDecreasing && found.bandwidth == before) found.bandwidth += 1;
}

double LossBased::lower_bound() const { return std::max(acknowledged_.value_or(0), least_); }

double LossBased::upper_bound() const {
  const double excess = window_.average() - kLossOffset;
  return excess > 0 ? kLossBalance / excess : greatest_;
}

void LossBased::decide(double bounded) {
  const bool below = bounded < delay_based_;
  if (state_ == State::kDecreasing && hold_.until && *hold_.until > window_.ended() && below) {
    hold_.rate = std::max(lower_bound(), hold_.rate);
    rate_ = std::min(hold_.rate, bounded);
    return;
  }
  const bool limits = below && bounded < greatest_;
  const bool grows = loss_limits() && (bounded > rate_ || (bounded == rate_ && state_ == State::kIncreasing));
  // Growth goes on while it is padded for, or has come further than what was padded for.
  const bool may_grow = state_ != State::kIncreasing || bounded > padded_rate_ ||
                        (padded_since_ && window_.ended() <= *padded_since_ + kPadding);
  if (limits && grows && may_grow) {
    if (bounded > padded_rate_) {
      padded_rate_ = bounded;
      padded_since_ = window_.ended();
    }
    state_ = State::kIncreasing;
  } else if (limits) {
    if (state_ != State::kDecreasing) {
      hold_ = Hold{window_.ended() + hold_.next, std::min(kLongestHold, 2 * hold_.next), bounded};
    }
    state_ = State::kDecreasing;
  } else {
    hold_ = Hold{};
    state_ = State::kDelayBased;
  }
  if (state_ != State::kIncreasing) {
    padded_rate_ = 0;
    padded_since_.reset();
  }
  rate_ = bounded;
  begin_growth_window();
}

void LossBased::begin_growth_window() {
  if (!loss_limits()) return;
  if (growth_began_ && *growth_began_ + kGrowthWindow >= window_.ended()) return;
  growth_limit_ = std::max(least_, best_->bandwidth * kGrowth);
  growth_began_ = window_.ended();
}

}  // namespace tidewire::congestion::google
