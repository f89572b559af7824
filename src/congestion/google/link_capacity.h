// What the link is believed to carry, from the rates at which it was overused: near it the rate grows slowly.
//
// draft-ietf-rmcat-gcc-02 §5.5 asks for an average and a deviation of the received rate while decreasing.
#pragma once

#include <optional>

namespace tidewire::congestion::google {

class LinkCapacity {
 public:
  static constexpr double kSmoothing = 0.05;  // gcc-02 §5.5: what was known counts 0.95
  // Of the variance, divided by the mean, in kbit/s.
  static constexpr double kLeastDeviation = 0.4;
  static constexpr double kGreatestDeviation = 2.5;
  static constexpr double kSigmas = 3;

  void reset() { mean_.reset(); }
  void add_overused_at(double rate);

  bool known() const { return mean_.has_value(); }
  double mean() const;   // only when known
  double upper() const;  // unlimited when unknown
  double lower() const;  // 0 when unknown

 private:
  double margin() const;

  std::optional<double> mean_;  // kbit/s
  double deviation_ = kLeastDeviation;
};

}  // namespace tidewire::congestion::google
