// RACK (RFC 8985 §6): a chunk is lost when one that was sent sufficiently later has arrived. "Sufficiently" is the
// reordering window, which adapts to the path. The numbers of the algorithm are here; the chunks in Outstanding.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "sctp/types.h"
#include "tidewire/time.h"

namespace tidewire::sctp {

// The least round trip of the last ten to twenty seconds: a path may become longer.
class MinRtt {
 public:
  static constexpr Duration kSpan = std::chrono::seconds(10);

  // Duration::max() before the first sample.
  Duration value() const { return std::min(current_, previous_); }
  void add(Duration rtt, Timestamp now) {
    if (now - since_ >= kSpan) {
      previous_ = now - since_ >= 2 * kSpan ? Duration::max() : current_;
      current_ = Duration::max();
      since_ = now;
    }
    current_ = std::min(current_, rtt);
  }

 private:
  Duration current_ = Duration::max();
  Duration previous_ = Duration::max();
  Timestamp since_{};
};

class Rack {
 public:
  static constexpr std::size_t kDupThresh = 3;
  static constexpr int kPersist = 16;  // §6.2 step 4: recoveries for which a widened window stays

  // §6.2 steps 2 and 3: a chunk was newly acknowledged. False when that came so soon after it was sent again that the
  // first transmission must have arrived: then it says nothing of the time of the second one. (An eighth less than the
  // least round trip, for that may become a little less at any time.)
  bool on_delivered(Tsn tsn, Timestamp sent_at, bool retransmitted, Timestamp now) {
    const Duration rtt = now - sent_at;
    if (tsn > highest_)
      highest_ = tsn;
    else if (!retransmitted)
      reordering_seen_ = true;
    if (retransmitted && known() && rtt < min_rtt_.value() / 8 * 7) return false;
    if (sent_at < sent_at_ || (sent_at == sent_at_ && tsn <= tsn_)) return true;
    sent_at_ = sent_at;
    tsn_ = tsn;
    rtt_ = rtt;
    return true;
  }
  void on_rtt(Duration rtt, Timestamp now) { min_rtt_.add(rtt, now); }

  // §6.2 step 4: retransmissions that were needless (RFC 3708: SCTP tells by its list of duplicates). Once a round
  // trip.
  void on_needless_retransmission(Tsn cumulative, Tsn next_tsn) {
    reordering_seen_ = true;
    if (cumulative < widened_until_) return;
    widened_until_ = next_tsn;
    if (multiplier_ < 4 * kPersist) ++multiplier_;
    persist_ = kPersist;
  }
  void on_recovery_end() {
    if (persist_ > 0 && --persist_ == 0) multiplier_ = 1;
  }

  // §6.2 step 4: the reordering window. `gap_acked`: chunks that arrived beyond a gap.
  Duration window(bool in_recovery, std::size_t gap_acked, Duration srtt) const {
    if (!reordering_seen_ && (in_recovery || gap_acked >= kDupThresh)) return Duration{};
    if (!known()) return srtt;
    return std::min(multiplier_ * (min_rtt_.value() / 4), srtt);
  }

  // True when something sent later than this has arrived.
  bool overtaken(Tsn tsn, Timestamp sent_at) const { return sent_at < sent_at_ || (sent_at == sent_at_ && tsn < tsn_); }
  Duration rtt() const { return rtt_; }
  // Zero before the first sample.
  Duration min_rtt() const { return known() ? min_rtt_.value() : Duration{}; }
  bool reordering_seen() const { return reordering_seen_; }

 private:
  bool known() const { return min_rtt_.value() != Duration::max(); }

  MinRtt min_rtt_;
  // The chunk that was sent last among those that arrived.
  Timestamp sent_at_{};
  Tsn tsn_ = 0;
  Duration rtt_{};
  Tsn highest_ = INT64_MIN;
  bool reordering_seen_ = false;
  int multiplier_ = 1;
  int persist_ = 0;
  Tsn widened_until_ = INT64_MIN;
};

}  // namespace tidewire::sctp
