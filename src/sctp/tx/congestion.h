// How much may be in flight (RFC 9260 §7.2): slow start, congestion avoidance, and what a loss does to them. Bytes are
// those of whole DATA chunks. Another algorithm can stand in its place: it has to offer the same calls.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "sctp/types.h"

namespace tidewire::sctp {

class CongestionControl {
 public:
  // `mtu` is the most that one packet carries (PMDCS in the RFC).
  CongestionControl(std::size_t mtu, std::size_t initial_packets) : mtu_(mtu), cwnd_(mtu * initial_packets) {}

  std::size_t cwnd() const { return cwnd_; }
  std::size_t ssthresh() const { return ssthresh_; }
  bool in_fast_recovery() const { return in_fast_recovery_; }

  // A SACK moved the cumulative TSN up to `cumulative` and acknowledged `acked` bytes in all; before it `flight` bytes
  // were out, after it `left` are.
  void on_ack(Tsn cumulative, std::size_t acked, std::size_t flight, std::size_t left) {
    // §7.2.4: the window does not grow in fast recovery, which ends when all is there that was out at its start.
    if (in_fast_recovery_) {
      if (cumulative < recovery_point_) return;
      in_fast_recovery_ = false;
    }
    // Full means that no further packet of full size would fit.
    const bool full = flight + mtu_ > cwnd_;
    if (cwnd_ <= ssthresh_) {
      if (full) cwnd_ += std::min(acked, mtu_);  // §7.2.1
    } else {
      partial_bytes_acked_ += acked;  // §7.2.2
      if (partial_bytes_acked_ >= cwnd_ && full) {
        partial_bytes_acked_ -= cwnd_;
        cwnd_ += mtu_;
      }
      partial_bytes_acked_ = std::min(partial_bytes_acked_, cwnd_);
    }
    if (left == 0) partial_bytes_acked_ = 0;
  }

  // §7.2.3, §7.2.4: chunks up to `last_sent` are out, and some were found missing.
  void on_fast_retransmit(Tsn last_sent) {
    if (in_fast_recovery_) return;
    ssthresh_ = std::max(cwnd_ / 2, 4 * mtu_);
    cwnd_ = ssthresh_;
    partial_bytes_acked_ = 0;
    in_fast_recovery_ = true;
    recovery_point_ = last_sent;
  }

  // §7.2.3
  void on_timeout() {
    ssthresh_ = std::max(cwnd_ / 2, 4 * mtu_);
    cwnd_ = mtu_;
    partial_bytes_acked_ = 0;
    in_fast_recovery_ = false;
  }

  // §7.2.1: halved for every timeout's length without sending.
  void on_idle(std::int64_t timeouts) {
    for (; timeouts > 0 && cwnd_ > 4 * mtu_; --timeouts) cwnd_ = std::max(cwnd_ / 2, 4 * mtu_);
  }

 private:
  std::size_t mtu_;
  std::size_t cwnd_;
  std::size_t ssthresh_ = SIZE_MAX;  // §7.2.1: may be arbitrarily high
  std::size_t partial_bytes_acked_ = 0;
  bool in_fast_recovery_ = false;
  Tsn recovery_point_ = 0;
};

}  // namespace tidewire::sctp
