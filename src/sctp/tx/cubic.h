// CUBIC's congestion avoidance (RFC 9438): a window that is a cubic function of the time since the last loss, and never
// smaller than what Reno would have. Windows are bytes outside and segments inside, as in the RFC.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <optional>

#include "tidewire/time.h"

namespace tidewire::sctp {

class Cubic {
 public:
  static constexpr double kBeta = 0.7;  // §4.6
  static constexpr double kC = 0.4;     // §5.1, segments per second cubed
  // §4.3
  static constexpr double kAlpha = 3 * (1 - kBeta) / (1 + kBeta);

  explicit Cubic(std::size_t segment) : segment_(static_cast<double>(segment)) {}

  // A congestion event at this window; returns the window after it.
  std::size_t on_congestion(std::size_t cwnd) {
    const double window = segments(cwnd);
    // §4.7, fast convergence: a flow that did not get back to where it was leaves room for new ones.
    w_max_ = window < w_max_ ? window * (1 + kBeta) / 2 : window;
    cwnd_prior_ = window;
    epoch_.reset();
    return std::max(bytes(window * kBeta), 2 * bytes(1));
  }

  // §4.8: a timeout. Congestion avoidance begins without a memory of larger windows.
  std::size_t on_timeout(std::size_t cwnd) {
    const std::size_t ssthresh = on_congestion(cwnd);
    w_max_ = 0;
    return ssthresh;
  }

  // The window in congestion avoidance after `acked` bytes more.
  std::size_t on_ack(std::size_t cwnd, std::size_t acked, Duration srtt, Timestamp now) {
    const double window = segments(cwnd);
    if (!epoch_) begin_epoch(window, now);
    const double t = std::chrono::duration<double>(now - *epoch_).count();
    const double rtt = std::chrono::duration<double>(srtt).count();
    // §4.3: the Reno-friendly estimate; as fast as Reno once it is where the loss was.
    w_est_ += (w_est_ >= cwnd_prior_ ? 1.0 : kAlpha) * segments(acked) / window;
    if (at(t) < w_est_) return bytes(std::max(w_est_, window));
    // §4.4, §4.5
    const double target = std::clamp(at(t + rtt), window, 1.5 * window);
    return bytes(window + (target - window) / window * segments(acked));
  }

  // §5.8: time in which the application did not use the window is not counted.
  void skip(Duration idle) {
    if (epoch_) *epoch_ += idle;
  }

  // §4.2, Figure 1: the window t seconds into the epoch, in segments.
  double at(double t) const { return kC * std::pow(t - k_, 3) + w_max_; }
  double k() const { return k_; }

 private:
  double segments(std::size_t bytes) const { return static_cast<double>(bytes) / segment_; }
  std::size_t bytes(double segments) const { return static_cast<std::size_t>(std::lround(segments * segment_)); }

  void begin_epoch(double window, Timestamp now) {
    epoch_ = now;
    // §4.8, §4.10: after a timeout, or a slow start that ended without loss, the curve begins at its inflection.
    if (w_max_ < window) w_max_ = window;
    if (cwnd_prior_ == 0) cwnd_prior_ = window;
    k_ = std::cbrt((w_max_ - window) / kC);  // §4.2, Figure 2
    w_est_ = window;
  }

  double segment_;
  double w_max_ = 0;
  double cwnd_prior_ = 0;
  double k_ = 0;
  double w_est_ = 0;
  std::optional<Timestamp> epoch_;
};

}  // namespace tidewire::sctp
