// The congestion window that libwebrtc can be told to have, off in browsers: what is in flight is bounded by the
// shortest round trip and a queue that is accepted, and the target is pushed back while more is.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

#include "congestion/google/units.h"
#include "tidewire/time.h"

namespace tidewire::congestion::google {

class CongestionWindow {
 public:
  static constexpr std::size_t kRoundTrips = 32;  // reports that the shortest round trip is taken from
  static constexpr std::size_t kLeast = 2 * 1500;
  static constexpr double kLeastRate = 30'000;  // the target is not pushed below it
  static constexpr double kFastDown = 0.9;      // for each report, when more than 1.5 windows are in flight
  static constexpr double kDown = 0.95;
  static constexpr double kUp = 1.05;

  explicit CongestionWindow(Duration queue) : queue_(queue) {}

  void add_round_trip(Duration rtt) {
    round_trips_[count_++ % kRoundTrips] = rtt;
    shortest_ = *std::min_element(round_trips_.begin(),
                                  round_trips_.begin() + static_cast<std::ptrdiff_t>(std::min(count_, kRoundTrips)));
  }

  // For a target that was found otherwise.
  void update(double target, std::size_t in_flight) {
    if (!shortest_) return;
    const auto wanted = std::max(kLeast, static_cast<std::size_t>(target * in_seconds(*shortest_ + queue_) / 8));
    bytes_ = bytes_ ? (*bytes_ + wanted) / 2 : wanted;
    const double full = static_cast<double>(in_flight) / static_cast<double>(*bytes_);
    if (full > 1.5) {
      ratio_ *= kFastDown;
    } else if (full > 1) {
      ratio_ *= kDown;
    } else {
      ratio_ = full < 0.1 ? 1 : std::min(1.0, kUp * ratio_);
    }
  }

  std::optional<std::size_t> bytes() const { return bytes_; }
  double pushed_back(double target) const { return std::max(target * ratio_, std::min(target, kLeastRate)); }

 private:
  Duration queue_;
  std::array<Duration, kRoundTrips> round_trips_{};  // a ring
  std::size_t count_ = 0;
  std::optional<Duration> shortest_;
  std::optional<std::size_t> bytes_;
  double ratio_ = 1;
};

}  // namespace tidewire::congestion::google
