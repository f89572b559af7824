// When the next packet may leave: at the estimate's pace, a short burst at once, and at the pace of a probe while one
// goes on. Keeps no packets itself.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/rate.h"
#include "congestion/controller.h"
#include "tidewire/time.h"

namespace tidewire::congestion {

class Pacer {
 public:
  // What may leave at once after a pause. Timers are about this exact.
  static constexpr Duration kBurst = std::chrono::milliseconds{5};

  void set_rate(std::uint64_t bits_per_second) { rate_ = bits_per_second; }
  std::uint64_t rate() const { return rate_; }
  // Only when no other probe goes on.
  void begin(const ProbeCluster& probe) {
    probe_ = probe;
    packets_ = bytes_ = 0;
  }
  // The cluster that the next packet belongs to; 0: none.
  int probe() const { return probe_.id; }

  Timestamp next() const { return next_; }
  void spend(std::size_t bytes, Timestamp now) {
    // A probe is measured by the pace of its packets: it has no burst.
    const Duration burst = probe() == 0 ? kBurst : Duration::zero();
    next_ = std::max(next_, now - burst) + transmission_time(bytes, probe() == 0 ? rate_ : probe_.bitrate);
    if (probe() == 0) return;
    ++packets_;
    bytes_ += bytes;
    if (packets_ >= probe_.min_packets && bytes_ >= probe_.min_bytes) probe_.id = 0;
  }

 private:
  std::uint64_t rate_ = 0;
  Timestamp next_{};
  ProbeCluster probe_;
  std::size_t packets_ = 0;  // of the probe
  std::size_t bytes_ = 0;
};

}  // namespace tidewire::congestion
