// The congestion avoidance of RFC 9260 §7.2.2: one packet more for every window that was acknowledged.
#pragma once

#include <algorithm>
#include <cstddef>

namespace tidewire::sctp {

class Reno {
 public:
  explicit Reno(std::size_t segment) : segment_(segment) {}

  // §7.2.3: the window after a congestion event at `cwnd`.
  std::size_t on_congestion(std::size_t cwnd) {
    partial_bytes_acked_ = 0;
    return std::max(cwnd / 2, 4 * segment_);
  }

  std::size_t on_ack(std::size_t cwnd, std::size_t acked) {
    partial_bytes_acked_ += acked;
    if (partial_bytes_acked_ < cwnd) return cwnd;
    partial_bytes_acked_ = std::min(partial_bytes_acked_ - cwnd, cwnd);
    return cwnd + segment_;
  }

 private:
  std::size_t segment_;
  std::size_t partial_bytes_acked_ = 0;
};

}  // namespace tidewire::sctp
