// Memory of messages that comes back: in the steady state a message that is sent or received takes none from the heap.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "tidewire/bytes.h"

namespace tidewire {

// Free lists by powers of two. Not thread-safe, one per event loop like the packet pool.
class BytesPool {
 public:
  // `keep`: the most bytes that are held for reuse; what comes back beyond it is freed.
  explicit BytesPool(std::size_t keep = std::size_t{4} * 1024 * 1024) : keep_(keep) {}

  // Empty, with room for `size` bytes, and for less than four times as many.
  Bytes take(std::size_t size);
  Bytes copy_of(ByteView bytes);
  // Takes the memory over; what was in it is gone. Anybody's will do, also none.
  void give(Bytes&& bytes);

  // Frees what is held for reuse.
  void trim();

  // Bytes that are held for reuse.
  std::size_t held() const { return held_; }

 private:
  // From 256 bytes to 1 MiB. What is smaller is not worth a list, and what is larger not worth holding.
  static constexpr std::size_t kSmallest = 8;
  static constexpr std::size_t kLargest = 20;

  std::size_t keep_;
  std::size_t held_ = 0;
  std::array<std::vector<Bytes>, kLargest - kSmallest + 1> idle_;  // each with room for 2^(kSmallest + i) or more
};

}  // namespace tidewire
