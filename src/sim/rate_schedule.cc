#include "sim/rate_schedule.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace tidewire::sim {
namespace {

double bits_in(Duration time, std::uint64_t bits_per_second) {
  return std::chrono::duration<double>(time).count() * static_cast<double>(bits_per_second);
}

}  // namespace

RateSchedule::RateSchedule(std::vector<Step> steps, Duration period) : steps_(std::move(steps)), period_(period) {
  if (steps_.empty()) steps_.push_back({Duration::zero(), 1});
  steps_.front().from = Duration::zero();
  double sum = 0;
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    before_.push_back(sum);
    if (i + 1 < steps_.size()) sum += bits_in(steps_[i + 1].from - steps_[i].from, steps_[i].bits_per_second);
  }
  if (period_ <= Duration::zero()) return;
  in_period_ = sum + bits_in(period_ - steps_.back().from, steps_.back().bits_per_second);
  if (in_period_ < 1) *this = RateSchedule({{Duration::zero(), 1}});
}

std::size_t RateSchedule::step_at(Duration time) const {
  const auto after = std::ranges::upper_bound(steps_, time, {}, &Step::from);
  return after == steps_.begin() ? 0 : static_cast<std::size_t>(after - steps_.begin()) - 1;
}

std::uint64_t RateSchedule::rate_at(Duration time) const {
  if (period_ > Duration::zero() && time >= period_) time %= period_;
  return steps_[step_at(time)].bits_per_second;
}

double RateSchedule::bits_until(Duration time) const {
  double cycles = 0;
  if (period_ > Duration::zero() && time >= period_) {
    cycles = static_cast<double>(time / period_) * in_period_;
    time %= period_;
  }
  const std::size_t step = step_at(time);
  return cycles + before_[step] + bits_in(time - steps_[step].from, steps_[step].bits_per_second);
}

Duration RateSchedule::passed(Duration from, double bits) const {
  double wanted = bits_until(from) + bits;
  Duration cycles{};
  if (period_ > Duration::zero() && wanted > in_period_) {
    // The end of a cycle belongs to it: nothing may pass at the beginning of the next one.
    const double whole = std::ceil(wanted / in_period_) - 1;
    cycles = static_cast<std::int64_t>(whole) * period_;
    wanted -= whole * in_period_;
  }
  const auto after = std::ranges::lower_bound(before_, wanted);
  const std::size_t step = after == before_.begin() ? 0 : static_cast<std::size_t>(after - before_.begin()) - 1;
  const std::uint64_t rate = steps_[step].bits_per_second;
  if (rate == 0) return wanted <= before_[step] ? cycles + steps_[step].from : Duration::max();
  const double seconds = (wanted - before_[step]) / static_cast<double>(rate);
  const Duration in_step{static_cast<std::int64_t>(std::llround(seconds * 1e9))};
  return std::max(cycles + steps_[step].from + in_step, from);
}

}  // namespace tidewire::sim
