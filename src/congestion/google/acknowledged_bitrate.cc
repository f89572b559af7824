#include "congestion/google/acknowledged_bitrate.h"

#include <algorithm>
#include <cmath>

#include "congestion/google/units.h"

namespace tidewire::congestion::google {

void AcknowledgedBitrate::add(Duration arrival, std::size_t size, bool limited) {
  const std::optional<double> measured = sample(arrival, size);
  if (!measured) return;
  if (!mean_) {
    mean_ = *measured;
    return;
  }
  const double scale = limited ? kUncertaintyLimited : kUncertainty;
  const double deviation = scale * std::abs(*mean_ - *measured) / std::max(*mean_, 1.0);
  const double sample_variance = deviation * deviation;
  const double prior = variance_ + kDrift;
  mean_ = (sample_variance * *mean_ + prior * *measured) / (sample_variance + prior);
  variance_ = sample_variance * prior / (sample_variance + prior);
}

std::optional<double> AcknowledgedBitrate::sample(Duration arrival, std::size_t size) {
  const Duration window = mean_ ? kWindow : kFirstWindow;
  if (last_arrival_ && arrival < *last_arrival_) {  // the clock was set
    in_window_ = {};
    bytes_ = 0;
    last_arrival_.reset();
  }
  if (last_arrival_) {
    const Duration passed = arrival - *last_arrival_;
    in_window_ += passed;
    if (passed > window) {  // nothing came for longer than a window: what it held says little
      bytes_ = 0;
      in_window_ %= window;
    }
  }
  last_arrival_ = arrival;
  std::optional<double> measured;
  if (in_window_ >= window) {
    measured = bits(bytes_) / in_ms(window);
    in_window_ -= window;
    bytes_ = 0;
  }
  bytes_ += size;
  return measured;
}

std::optional<double> AcknowledgedBitrate::rate() const {
  if (!mean_) return std::nullopt;
  return *mean_ * kKilo;
}

}  // namespace tidewire::congestion::google
