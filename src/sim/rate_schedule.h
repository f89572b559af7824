// How the rate of a bottleneck changes with time. The steps are known in advance, so that the moment at which a packet
// leaves can be told when it comes, whatever happens to the rate while it waits.
#pragma once

#include <cstdint>
#include <vector>

#include "tidewire/time.h"

namespace tidewire::sim {

class RateSchedule {
 public:
  struct Step {
    Duration from{};
    std::uint64_t bits_per_second = 0;  // 0: nothing passes

    friend bool operator==(const Step&, const Step&) = default;
  };

  // In the order of time, the first one from zero. The last one lasts for ever, or until `period`, after which all
  // begins again. No steps, or a cycle in which nothing passes, are one step of one bit a second.
  explicit RateSchedule(std::vector<Step> steps, Duration period = Duration::zero());

  const std::vector<Step>& steps() const { return steps_; }
  Duration period() const { return period_; }

  std::uint64_t rate_at(Duration time) const;
  // What can pass between two moments.
  double bits_between(Duration from, Duration to) const { return bits_until(to) - bits_until(from); }
  // When so many bits have passed, counted from a moment; Duration::max(): never.
  Duration passed(Duration from, double bits) const;

 private:
  std::size_t step_at(Duration time) const;
  double bits_until(Duration time) const;

  std::vector<Step> steps_;
  Duration period_;
  std::vector<double> before_;  // what can pass before each step
  double in_period_ = 0;
};

}  // namespace tidewire::sim
