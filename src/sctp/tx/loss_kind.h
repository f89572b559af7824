// Tells losses that come of a full queue from those that the path makes by itself, as radio links do: the former come
// when the round trip has grown, or are many.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "sctp/tx/recent_min.h"
#include "sctp/types.h"
#include "tidewire/time.h"

namespace tidewire::sctp {

class LossKind {
 public:
  // A queue shows when the round trip is longer than the least one by min_rtt / 32, within these bounds. The upper one
  // is below what CoDel allows (5 ms, RFC 8289 §4.3) and the tail drop of any queue worth the name.
  static constexpr Duration kLeastQueue = std::chrono::milliseconds(1);
  static constexpr Duration kMostQueue = std::chrono::milliseconds(3);
  static constexpr int kQueueDivisor = 32;
  // More than one in so many is congestion whatever the round trip says: a queue may be too short to be seen.
  static constexpr std::uint64_t kTolerated = 50;

  void on_rtt(Duration rtt) { recent_.add(rtt); }
  // A SACK told of so many chunks.
  void on_chunks(std::uint64_t delivered, std::uint64_t lost, Tsn cumulative, Tsn last_sent) {
    delivered_ += delivered;
    lost_ += lost;
    if (cumulative < round_end_) return;
    round_end_ = last_sent + 1;
    // Half of what was before: a memory of about two round trips.
    delivered_ /= 2;
    lost_ /= 2;
  }

  // What was lost just now was not for congestion.
  bool random(Duration min_rtt) const {
    const Duration queue = std::clamp(min_rtt / kQueueDivisor, kLeastQueue, kMostQueue);
    return recent_.full() && recent_.value() < min_rtt + queue && lost_ * kTolerated <= delivered_ + lost_;
  }

 private:
  RecentMin recent_;
  std::uint64_t delivered_ = 0;
  std::uint64_t lost_ = 0;
  Tsn round_end_ = 0;
};

}  // namespace tidewire::sctp
