// A bound on the rate from what is lost, version 2 of libwebrtc's: a channel that loses a part of everything (its
// inherent loss) and all of what exceeds a bandwidth. Of a few candidates for that bandwidth the likeliest is taken,
// with a bias to the higher; then it is bounded by what arrives, by what was decided lately and by the loss itself.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "congestion/google/loss_window.h"
#include "congestion/google/units.h"
#include "congestion/packet_result.h"
#include "tidewire/time.h"

namespace tidewire::congestion::google {

class LossBased {
 public:
  enum class State : std::uint8_t {
    kDelayBased,  // loss does not limit
    kIncreasing,  // it does, and the rate goes up, helped by padding
    kDecreasing,  // it does, and the rate goes down or is held
  };

  static constexpr std::uint64_t kLeastObservations = 3;
  static constexpr std::array<double, 3> kFactors = {1.02, 1.0, 0.95};
  // The bias to higher bandwidths, per kbit/s and per its logarithm; it is one to lower bandwidths above a loss of …
  static constexpr double kBias = 0.0002;
  static constexpr double kLogBias = 0.02;
  static constexpr double kBiasTurns = 0.2;
  static constexpr double kBiasSmoothing = 0.002;
  // Inherent loss is bounded by an offset and a part that shrinks as the bandwidth grows.
  static constexpr double kFirstInherent = 0.01;
  static constexpr double kLeastInherent = 0.001;
  static constexpr double kLossOffset = 0.05;
  static constexpr double kLossBalance = 100'000;  // bit/s
  static constexpr double kNewtonStep = 0.75;
  // Growth past what arrives while loss limits; less of it just above the rate that was held.
  static constexpr double kRampUp = 1.5;
  static constexpr double kRampUpInHold = 1.2;
  static constexpr double kHoldThreshold = 1.3;
  // Growth within a window, while loss limits.
  static constexpr double kGrowth = 1.3;
  static constexpr Duration kGrowthWindow = std::chrono::milliseconds{300};
  // A decreased rate is held, twice as long each time.
  static constexpr Duration kFirstHold = std::chrono::milliseconds{300};
  static constexpr Duration kLongestHold = std::chrono::seconds{60};
  static constexpr Duration kPadding = std::chrono::seconds{2};

  void set_limits(double least, double greatest);
  void set_acknowledged(double rate) { acknowledged_ = rate; }
  // `limited`: the application sends less than it may.
  void update(std::span<const PacketResult> results, double delay_based, bool limited);

  double rate() const { return ready() ? rate_ : delay_based_; }
  State state() const { return ready() ? state_ : State::kDelayBased; }
  double average_loss() const { return window_.average(); }

 private:
  struct Channel {
    double inherent = 0;
    double bandwidth = 0;
  };
  struct Hold {
    std::optional<Timestamp> until;
    Duration next = kFirstHold;
    double rate = kUnlimited;
  };
  // Five at most.
  struct Candidates {
    std::array<double, kFactors.size() + 2> bandwidths{};
    std::size_t size = 0;
    void add(double bandwidth) { bandwidths[size++] = bandwidth; }
  };

  bool ready() const { return best_.has_value() && window_.count() >= kLeastObservations; }
  bool loss_limits() const { return state_ != State::kDelayBased; }
  Candidates candidates(bool limited) const;
  Channel likeliest(bool limited) const;
  double feasible(const Channel& channel) const;
  double improved_inherent(const Channel& channel) const;
  double likelihood(const Channel& channel) const;
  double bias(double bandwidth) const;
  void bound_growth(Channel& found) const;
  double lower_bound() const;
  double upper_bound() const;
  void decide(double bounded);
  void begin_growth_window();

  double least_ = 0;
  double greatest_ = kUnlimited;
  double delay_based_ = kUnlimited;
  std::optional<double> acknowledged_;
  LossWindow window_;
  std::optional<Channel> best_;
  double rate_ = 0;
  State state_ = State::kDelayBased;
  Hold hold_;
  std::optional<Timestamp> growth_began_;
  double growth_limit_ = kUnlimited;
  double padded_rate_ = 0;
  std::optional<Timestamp> padded_since_;
};

}  // namespace tidewire::congestion::google
