// Which retransmissions of the present recovery turned out to be needless, to undo what the loss did to the window when
// all of them were (as RFC 3708 does with the list of duplicate TSNs, and Eifel, RFC 3522, with times).
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "sctp/types.h"

namespace tidewire::sctp {

class NeedlessRetransmissions {
 public:
  // Of a recovery with more retransmissions than this nothing is undone.
  static constexpr std::size_t kMax = 256;

  void begin() {
    open_.clear();
    overflow_ = false;
    any_ = false;
  }
  void on_retransmit(Tsn tsn) {
    any_ = true;
    if (open_.size() < kMax) return open_.push_back(tsn);
    open_[oldest_++ % kMax] = tsn;
    overflow_ = true;
  }
  // The first transmission of this one had arrived. True when it was retransmitted and that was not known yet.
  bool on_needless(Tsn tsn) {
    const auto found = std::find(open_.begin(), open_.end(), tsn);
    if (found == open_.end()) return false;
    *found = open_.back();
    open_.pop_back();
    return true;
  }
  // Everything that was sent again was so for nothing.
  bool all() const { return any_ && !overflow_ && open_.empty(); }

 private:
  std::vector<Tsn> open_;
  std::size_t oldest_ = 0;
  bool overflow_ = false;
  bool any_ = false;
};

}  // namespace tidewire::sctp
