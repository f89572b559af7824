// Whose turn it is: weighted fair queueing of streams by bytes (RFC 8260 §3.6), which is what RFC 8831 §6.4 wants of
// priorities. Each stream has a virtual time that grows with what it sends, divided by its weight; the one that is
// furthest behind is next. A stream that wakes starts at the present, so that rest is no credit.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <vector>

#include "sctp/types.h"

namespace tidewire::sctp {

class StreamScheduler {
 public:
  using VirtualTime = std::uint64_t;

  bool empty() const { return heap_.empty(); }

  // The stream waits for its turn; `served` is its virtual time, and moves to the present when that is later.
  void add(StreamId stream, VirtualTime& served) {
    served = std::max(served, present_);
    heap_.push_back({served, order_++, stream});
    std::push_heap(heap_.begin(), heap_.end(), later);
  }

  // The one whose turn it is. Of two that are equally far it is the one that has waited longer.
  StreamId take() {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    const Turn turn = heap_.back();
    heap_.pop_back();
    present_ = turn.served;
    return turn.stream;
  }

  // What `bytes` cost a stream of this weight (RFC 8832 §5.1: 256 is normal; 0 counts as 1).
  static VirtualTime cost(std::size_t bytes, std::uint16_t weight) {
    constexpr VirtualTime kScale = 65536;  // so that the largest weight still tells one byte from two
    return bytes * kScale / std::max<VirtualTime>(weight, 1);
  }

 private:
  struct Turn {
    VirtualTime served;
    std::uint64_t order;
    StreamId stream;
  };
  static bool later(const Turn& x, const Turn& y) { return std::tie(x.served, x.order) > std::tie(y.served, y.order); }

  std::vector<Turn> heap_;  // the next one in front
  VirtualTime present_ = 0;
  std::uint64_t order_ = 0;
};

}  // namespace tidewire::sctp
