// Turns what the trendline says into a rate: additive increase near the link's capacity, multiplicative far from it,
// and a multiplicative decrease of what arrives when the path is overused (draft-ietf-rmcat-gcc-02 §5.5).
#pragma once

#include <cstdint>
#include <optional>

#include "congestion/google/link_capacity.h"
#include "congestion/google/trendline.h"
#include "tidewire/time.h"

namespace tidewire::congestion::google {

class Aimd {
 public:
  static constexpr double kBeta = 0.85;
  static constexpr double kGrowthPerSecond = 1.08;
  // The rate does not grow past what arrives by more than this, so that a sender with little to say learns nothing
  // false.
  static constexpr double kAheadFactor = 1.5;
  static constexpr double kAheadOffset = 10'000;
  static constexpr double kBelow = 5'000;  // taken off a decreased rate, which matters at low rates

  Aimd(double start, double least) : rate_(start), throughput_(start), least_(least) {}

  void set_least(double least);
  void set_round_trip_time(Duration rtt) { rtt_ = rtt; }

  // A new state of the path; `throughput` is what was measured to arrive, if it was.
  void update(Usage usage, std::optional<double> throughput, Timestamp now);
  // The rate was found in another way: by a probe, or by halving for want of feedback.
  void set_rate(double rate, Timestamp now);

  double rate() const { return rate_; }
  // Overuse lasts: is it time to decrease again?
  bool may_decrease_again(double throughput, Timestamp now) const;
  // The same before anything is known to arrive.
  bool may_halve(Timestamp now) const { return may_decrease_again(rate_ / 2 - 1, now); }
  // Bits per second, every second, near capacity.
  double additive_growth() const;

 private:
  enum class State : std::uint8_t { kHold, kIncrease, kDecrease };
  void change_state(Usage usage, Timestamp now);
  void increase(double throughput, Timestamp now);
  void decrease(double throughput, Timestamp now);

  double rate_;
  double throughput_;  // the last one measured
  double least_;
  State state_ = State::kHold;
  LinkCapacity capacity_;
  Duration rtt_ = std::chrono::milliseconds{200};
  std::optional<Timestamp> changed_;
};

}  // namespace tidewire::congestion::google
