#include "tidewire/bytes_pool.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace tidewire {

Bytes BytesPool::take(std::size_t size) {
  const std::size_t wanted = size <= 1 ? 0 : static_cast<std::size_t>(std::bit_width(size - 1));
  Bytes bytes;
  if (wanted > kLargest) {
    bytes.reserve(size);
    return bytes;
  }
  const std::size_t power = std::max(wanted, kSmallest);
  std::vector<Bytes>& idle = idle_[power - kSmallest];
  if (idle.empty()) {
    bytes.reserve(std::size_t{1} << power);
    return bytes;
  }
  bytes = std::move(idle.back());
  idle.pop_back();
  held_ -= bytes.capacity();
  return bytes;
}

Bytes BytesPool::copy_of(ByteView source) {
  Bytes bytes = take(source.size());
  bytes.assign(source.begin(), source.end());
  return bytes;
}

void BytesPool::give(Bytes&& bytes) {
  Bytes taken = std::move(bytes);
  const std::size_t capacity = taken.capacity();
  if (capacity < (std::size_t{1} << kSmallest) || capacity >= (std::size_t{2} << kLargest)) return;
  if (held_ + capacity > keep_) return;
  taken.clear();
  held_ += capacity;
  const auto power = static_cast<std::size_t>(std::bit_width(capacity)) - 1;
  idle_[power - kSmallest].push_back(std::move(taken));
}

void BytesPool::trim() {
  idle_ = {};
  held_ = 0;
}

}  // namespace tidewire
