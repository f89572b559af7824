// A first-in first-out queue that is full at a stated size. Its storage grows to that size at most and is then
// reused, so a queue in the steady state allocates nothing.
#pragma once

#include <cassert>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace tidewire {

template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t limit) : limit_(limit) { assert(limit > 0); }

  bool empty() const { return size_ == 0; }
  bool full() const { return size_ == limit_; }
  std::size_t size() const { return size_; }
  std::size_t limit() const { return limit_; }

  // False, and nothing happens, when the queue is full.
  [[nodiscard]] bool push(T value) {
    if (full()) return false;
    if (size_ == ring_.size()) grow();
    ring_[place_of(size_)] = std::move(value);
    ++size_;
    return true;
  }

  std::optional<T> pop() {
    if (empty()) return std::nullopt;
    std::optional<T> value = std::exchange(ring_[head_], std::nullopt);
    head_ = place_of(1);
    --size_;
    return value;
  }

  // The oldest element. Only when not empty.
  T& front() { return assert(!empty()), *ring_[head_]; }
  const T& front() const { return assert(!empty()), *ring_[head_]; }
  // The one that so many are in front of.
  T& at(std::size_t index) { return assert(index < size_), *ring_[place_of(index)]; }

  void clear() {
    while (!empty()) pop();
  }

 private:
  // The ring's size is a power of two.
  std::size_t place_of(std::size_t index) const { return (head_ + index) & (ring_.size() - 1); }

  void grow() {
    std::vector<std::optional<T>> bigger(ring_.empty() ? 8 : ring_.size() * 2);
    for (std::size_t i = 0; i < size_; ++i) bigger[i] = std::move(ring_[place_of(i)]);
    ring_ = std::move(bigger);
    head_ = 0;
  }

  std::size_t limit_;
  std::vector<std::optional<T>> ring_;
  std::size_t head_ = 0;
  std::size_t size_ = 0;
};

}  // namespace tidewire
