#include "congestion/google/link_capacity.h"

#include <algorithm>
#include <cmath>

#include "congestion/google/units.h"

namespace tidewire::congestion::google {

void LinkCapacity::add_overused_at(double rate) {
  const double sample = rate / kKilo;
  mean_ = mean_ ? (1 - kSmoothing) * *mean_ + kSmoothing * sample : sample;
  const double error = *mean_ - sample;
  deviation_ = (1 - kSmoothing) * deviation_ + kSmoothing * error * error / std::max(*mean_, 1.0);
  deviation_ = std::clamp(deviation_, kLeastDeviation, kGreatestDeviation);
}

double LinkCapacity::mean() const { return *mean_ * kKilo; }
double LinkCapacity::margin() const { return kSigmas * std::sqrt(deviation_ * *mean_) * kKilo; }
double LinkCapacity::upper() const { return mean_ ? mean() + margin() : kUnlimited; }
double LinkCapacity::lower() const { return mean_ ? std::max(0.0, mean() - margin()) : 0; }

}  // namespace tidewire::congestion::google
