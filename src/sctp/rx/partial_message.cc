#include "sctp/rx/partial_message.h"

#include <algorithm>
#include <utility>

namespace tidewire::sctp {

void PartialMessage::append(ByteView bytes, std::size_t expected, BytesPool& pool) {
  if (last_.capacity() - last_.size() < bytes.size()) make_room(bytes.size(), expected, pool);
  last_.insert(last_.end(), bytes.begin(), bytes.end());
  size_ += bytes.size();
}

void PartialMessage::make_room(std::size_t size, std::size_t expected, BytesPool& pool) {
  if (last_.size() + size > kBlock) {
    blocks_.push_back(std::exchange(last_, pool.take(kBlock)));
    return;
  }
  const std::size_t wanted = last_.empty() ? expected : 2 * last_.capacity();
  Bytes bigger = pool.take(std::clamp(wanted, last_.size() + size, kBlock));
  bigger.insert(bigger.end(), last_.begin(), last_.end());
  pool.give(std::exchange(last_, std::move(bigger)));
}

Bytes PartialMessage::take(BytesPool& pool) {
  size_ = 0;
  if (blocks_.empty()) {
    // A guess that was much too large is not what the application should hold.
    if (last_.capacity() < 4 * last_.size() + 1024) return std::exchange(last_, {});
    Bytes fitting = pool.copy_of(last_);
    pool.give(std::exchange(last_, {}));
    return fitting;
  }
  blocks_.push_back(std::exchange(last_, {}));
  std::size_t size = 0;
  for (const Bytes& block : blocks_) size += block.size();
  Bytes whole = pool.take(size);
  for (Bytes& block : blocks_) {
    whole.insert(whole.end(), block.begin(), block.end());
    pool.give(std::exchange(block, {}));
  }
  blocks_.clear();
  return whole;
}

void PartialMessage::clear(BytesPool& pool) {
  size_ = 0;
  for (Bytes& block : blocks_) pool.give(std::move(block));
  blocks_.clear();
  pool.give(std::exchange(last_, {}));
}

}  // namespace tidewire::sctp
