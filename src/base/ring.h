// A growable ring: a double-ended queue in one block of memory, indexed from its oldest element. It grows as needed and
// keeps its storage, so that a queue in the steady state allocates nothing. What bounds it is its user's to say.
#pragma once

#include <cassert>
#include <cstddef>
#include <utility>
#include <vector>

namespace tidewire {

template <typename T>
class Ring {
 public:
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }

  // i counts from the oldest element.
  T& operator[](std::size_t i) { return assert(i < size_), slots_[(head_ + i) & (slots_.size() - 1)]; }
  const T& operator[](std::size_t i) const { return assert(i < size_), slots_[(head_ + i) & (slots_.size() - 1)]; }
  T& front() { return (*this)[0]; }
  const T& front() const { return (*this)[0]; }
  T& back() { return (*this)[size_ - 1]; }

  void push_back(T value) {
    if (size_ == slots_.size()) grow();
    ++size_;
    back() = std::move(value);
  }
  T pop_front() {
    T value = std::move(front());  // what is left of it holds no memory
    head_ = (head_ + 1) & (slots_.size() - 1);
    --size_;
    return value;
  }
  // Gives the storage back; it must be empty.
  void trim() {
    assert(empty());
    slots_ = {};
    head_ = 0;
  }
  void clear() {
    while (!empty()) pop_front();
  }

 private:
  void grow() {
    std::vector<T> bigger(slots_.empty() ? 8 : slots_.size() * 2);
    for (std::size_t i = 0; i < size_; ++i) bigger[i] = std::move((*this)[i]);
    slots_ = std::move(bigger);
    head_ = 0;
  }

  std::vector<T> slots_;  // a power of two
  std::size_t head_ = 0;
  std::size_t size_ = 0;
};

}  // namespace tidewire
