// Whether packets may leave as ECT(1), so that routers mark them instead of dropping them. A path that takes the mark
// off, or the packets away, is sent no more of them (RFC 6679 §7.2.2, RFC 9331 §4.3).
#pragma once

#include <cstdint>

#include "congestion/sent_packet_history.h"

namespace tidewire::congestion {

class EcnCheck {
 public:
  // So many that arrived unmarked, and more of them than of the others, and the path has taken the marks off: a route
  // that changes for a moment takes fewer.
  static constexpr std::uint64_t kBleached = 10;
  // So many were lost before any arrived, and the path does not take them.
  static constexpr std::uint64_t kLost = 20;
  // So many came with a router's mark, and none without: the mark says nothing about congestion then.
  static constexpr std::uint64_t kAllCongested = 1'000;

  // What became of all packets with a mark so far.
  void handle(const SentPacketHistory::Marks& marks) {
    const std::uint64_t kept = marks.kept - before_.kept;
    const std::uint64_t bleached = marks.bleached - before_.bleached;
    const std::uint64_t congested = marks.congested - before_.congested;
    if (bleached >= kBleached && bleached > kept) failed_ = true;
    // Packets of before may be found to have arrived after all: then the difference is not positive.
    if (kept + bleached == 0 && marks.lost >= before_.lost + kLost) failed_ = true;
    if (congested >= kAllCongested && congested == kept + bleached) failed_ = true;
  }
  // Another path, which may be better.
  void path_changed(const SentPacketHistory::Marks& marks) {
    before_ = marks;
    failed_ = false;
  }
  bool passed() const { return !failed_; }

 private:
  SentPacketHistory::Marks before_;
  bool failed_ = false;
};

}  // namespace tidewire::congestion
