// HyStart++ (RFC 9406): leaves the first slow start when the round trip grows, before the queue overflows; first for a
// while of slower growth, in case that the growth of the round trip was a chance.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "sctp/tx/recent_min.h"
#include "sctp/types.h"
#include "tidewire/time.h"

namespace tidewire::sctp {

class HyStart {
 public:
  // §4.3
  static constexpr Duration kMinRttThreshold = std::chrono::milliseconds(4);
  static constexpr Duration kMaxRttThreshold = std::chrono::milliseconds(16);
  static constexpr int kMinRttDivisor = 8;
  static constexpr std::size_t kGrowthDivisor = 4;
  static constexpr int kConservativeRounds = 5;

  // `paced`: what is sent comes in no bursts that make a queue of their own.
  explicit HyStart(bool paced = true) : paced_(paced) {}

  // A SACK moved the cumulative TSN up to `cumulative`; `last_sent` is the highest TSN that is out.
  void on_round_progress(Tsn cumulative, Tsn last_sent) {
    if (cumulative < round_end_) return;
    round_end_ = last_sent + 1;
    last_round_min_ = round_min_;
    round_min_ = kUnknown;
    samples_ = 0;
    if (conservative_ && ++rounds_ > kConservativeRounds) done_ = true;
  }

  // DEVIATES RFC 9406 §4.2, which compares the least round trip of a whole round: when sending is paced, the least of
  // the last eight samples shows the queue a round trip earlier, before the window has doubled once more.
  void on_rtt(Duration rtt) {
    round_min_ = std::min(round_min_, rtt);
    recent_.add(rtt);
    if (paced_ ? !recent_.full() : ++samples_ < RecentMin::kSamples) return;
    const Duration least = paced_ ? recent_.value() : round_min_;
    if (conservative_) {
      if (least < baseline_) conservative_ = false;  // it was a chance
      return;
    }
    if (last_round_min_ == kUnknown) return;
    const Duration threshold = std::clamp(last_round_min_ / kMinRttDivisor, kMinRttThreshold, kMaxRttThreshold);
    if (least < last_round_min_ + threshold) return;
    conservative_ = true;
    baseline_ = least;
    rounds_ = 1;  // §4.2: the round in which it begins counts
  }

  // How much the window grows for what was acknowledged.
  std::size_t growth(std::size_t acked) const { return conservative_ ? acked / kGrowthDivisor : acked; }
  bool conservative() const { return conservative_; }
  // Slow start is over.
  bool done() const { return done_; }

 private:
  static constexpr Duration kUnknown = Duration::max();

  bool paced_;
  std::size_t samples_ = 0;  // in this round
  Tsn round_end_ = 0;
  Duration round_min_ = kUnknown;
  Duration last_round_min_ = kUnknown;
  Duration baseline_ = kUnknown;
  RecentMin recent_;
  int rounds_ = 0;
  bool conservative_ = false;
  bool done_ = false;
};

}  // namespace tidewire::sctp
