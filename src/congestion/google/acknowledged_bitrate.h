// How much arrives: windows of received bytes, joined by Bayes' rule. A sample counts the less the further it is from
// what is believed, and the more the longer nothing confirmed the belief.
#pragma once

#include <cstddef>
#include <optional>

#include "tidewire/time.h"

namespace tidewire::congestion::google {

class AcknowledgedBitrate {
 public:
  static constexpr Duration kFirstWindow = std::chrono::milliseconds{500};
  static constexpr Duration kWindow = std::chrono::milliseconds{150};
  static constexpr double kUncertainty = 10;
  static constexpr double kUncertaintyLimited = 20;  // while the application sends less than it may
  static constexpr double kFirstVariance = 50;       // of the estimate, (kbit/s)²
  static constexpr double kDrift = 5;                // added to it for every window
  static constexpr double kSuddenChange = 200;

  // Packets come in the order of their arrival; `limited`: the application sends less than it may.
  void add(Duration arrival, std::size_t size, bool limited);
  // The application begins to send again: believe the next samples more.
  void expect_sudden_change() { variance_ += kSuddenChange; }

  // In bits per second.
  std::optional<double> rate() const;

 private:
  std::optional<double> sample(Duration arrival, std::size_t size);

  std::optional<Duration> last_arrival_;
  Duration in_window_{};
  std::size_t bytes_ = 0;
  std::optional<double> mean_;  // kbit/s
  double variance_ = kFirstVariance;
};

}  // namespace tidewire::congestion::google
