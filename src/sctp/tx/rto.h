// The retransmission timeout from measured round trips (RFC 9260 §6.3.1, §6.3.3).
#pragma once

#include <algorithm>

#include "sctp/config.h"
#include "tidewire/time.h"

namespace tidewire::sctp {

class Rto {
 public:
  explicit Rto(const Config& config) : min_(config.rto_min), max_(config.rto_max), rto_(config.rto_initial) {}

  Duration value() const { return rto_; }
  // Zero before the first measurement.
  Duration srtt() const { return srtt_; }

  // `per_round`: how many measurements come in a round trip. RFC 7323 appendix G: each of them then counts for less, so
  // that the memory is as long as with one.
  void add_measurement(Duration rtt, int per_round = 1) {
    if (!measured_) {  // C2
      srtt_ = rtt;
      rttvar_ = rtt / 2;
      measured_ = true;
    } else {  // C3: alpha 1/8, beta 1/4
      const Duration error = srtt_ > rtt ? srtt_ - rtt : rtt - srtt_;
      rttvar_ += (error - rttvar_) / (4 * per_round);
      srtt_ += (rtt - srtt_) / (8 * per_round);
    }
    rto_ = std::clamp(srtt_ + 4 * rttvar_, min_, max_);  // C6, C7
  }

  // §6.3.3 E2
  void back_off() { rto_ = std::min(rto_ * 2, max_); }

 private:
  Duration min_;
  Duration max_;
  Duration rto_;
  Duration srtt_{};
  Duration rttvar_{};
  bool measured_ = false;
};

}  // namespace tidewire::sctp
