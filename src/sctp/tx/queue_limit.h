// The window while media shares the path: so large that the queue before the bottleneck stays short, as calls need it,
// and no larger. Loss-based growth fills every queue until it overflows; this follows the round trip instead, in the
// manner of delay-based transports (RFC 6817, with a far shorter target).
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>

#include "sctp/types.h"
#include "tidewire/time.h"

namespace tidewire::sctp {

class QueueLimit {
 public:
  // What data adds to the delay of media: less than a frame.
  static constexpr Duration kTarget = std::chrono::milliseconds(15);

  // A SACK. At the end of each round trip by how much the window changes, as a share of it; else nothing. `base` is the
  // round trip without queue.
  std::optional<double> on_ack(Tsn cumulative, Tsn last_sent, std::optional<Duration> rtt, Duration base) {
    if (rtt) round_min_ = std::min(round_min_, *rtt);
    if (cumulative < round_end_ || round_min_ == kUnknown) return std::nullopt;
    round_end_ = last_sent + 1;
    // The least of a round: a packet that came late says nothing.
    queue_ = round_min_ - std::min(base, round_min_);
    round_min_ = kUnknown;
    // An eighth at most in a round trip, as what it does shows only a round trip later.
    const double off_target = std::chrono::duration<double>(kTarget - queue_) / kTarget;
    return std::clamp(off_target / 8, -0.5, 0.125);
  }

  // As of the last round trip.
  Duration queue() const { return queue_; }

 private:
  static constexpr Duration kUnknown = Duration::max();

  Tsn round_end_ = 0;
  Duration round_min_ = kUnknown;
  Duration queue_{};
};

}  // namespace tidewire::sctp
