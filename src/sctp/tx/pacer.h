// Spreads what the window allows over the round trip, in bursts that are worth a system call: about a millisecond of
// data each.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "tidewire/time.h"

namespace tidewire::sctp {

class Pacer {
 public:
  // What goes in one piece, and what a timer that comes late may make up for.
  static constexpr Duration kBurst = std::chrono::milliseconds(1);
  static constexpr Duration kCredit = std::chrono::milliseconds(2);
  // Slow paths: a burst has at least so many packets, which no queue minds.
  static constexpr int kBurstPackets = 4;

  explicit Pacer(std::size_t packet) : packet_(packet) {}

  // In bytes of a second; 0 sends at once.
  void set_rate(std::uint64_t rate) { rate_ = rate; }
  bool blocked(Timestamp now) const { return now < release_; }
  // When the next burst may go.
  Timestamp release() const { return release_; }

  void on_sent(std::size_t bytes, Timestamp now) {
    if (rate_ == 0) return;
    paid_ = std::max(paid_, now - kCredit) + time_of(bytes);
    if (paid_ - now >= std::max(kBurst, time_of(kBurstPackets * packet_))) release_ = paid_;
  }

 private:
  Duration time_of(std::size_t bytes) const {
    return Duration(static_cast<Duration::rep>(bytes * 1'000'000'000 / rate_));
  }

  std::size_t packet_;
  std::uint64_t rate_ = 0;
  Timestamp paid_{};  // when what was sent would have left at the rate
  Timestamp release_{};
};

}  // namespace tidewire::sctp
