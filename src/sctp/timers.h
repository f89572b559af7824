// The timers of an association, in one table.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "tidewire/time.h"

namespace tidewire::sctp {

enum class Timer : std::size_t {
  kInit,           // T1-init and T1-cookie (RFC 9260 §5.1)
  kRetransmit,     // T3-rtx (§6.3)
  kRecovery,       // reordering and tail loss probe (RFC 8985 §6.3, §7.2)
  kPace,           // the next burst
  kDelayedSack,    // §6.2
  kHeartbeat,      // §8.3
  kReConfig,       // RFC 6525 §5.1.1
  kPathMtu,        // the probe timer of RFC 8899 §5.1.1
  kShutdown,       // T2-shutdown (§9.2)
  kShutdownGuard,  // T5-shutdown-guard (§9.2)
  kCount,
};

class Timers {
 public:
  Timers() { deadlines_.fill(kNever); }

  void start(Timer timer, Timestamp deadline) { set(timer, deadline); }
  void stop(Timer timer) { set(timer, kNever); }
  void stop_all() {
    deadlines_.fill(kNever);
    next_ = kNever;
  }
  bool running(Timer timer) const { return deadlines_[slot(timer)] != kNever; }
  Timestamp next() const { return next_; }

  // True when the timer was running and is due; it is stopped then.
  bool take_expired(Timer timer, Timestamp now) {
    if (deadlines_[slot(timer)] > now) return false;
    stop(timer);
    return true;
  }

 private:
  static constexpr std::size_t slot(Timer timer) { return static_cast<std::size_t>(timer); }
  void set(Timer timer, Timestamp deadline) {
    const Timestamp before = std::exchange(deadlines_[slot(timer)], deadline);
    if (deadline <= next_)
      next_ = deadline;
    else if (before == next_)
      next_ = *std::min_element(deadlines_.begin(), deadlines_.end());
  }

  std::array<Timestamp, static_cast<std::size_t>(Timer::kCount)> deadlines_;
  Timestamp next_ = kNever;
};

}  // namespace tidewire::sctp
