// Counts what a test program takes from the heap. It replaces the program's operator new: one file of it includes this.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>

namespace tidewire {

// Calls of operator new since the program began.
inline std::size_t allocations_from_heap = 0;

inline void* counted_allocation(std::size_t size) {
  ++allocations_from_heap;
  return std::malloc(size == 0 ? 1 : size);
}

}  // namespace tidewire

void* operator new(std::size_t size) {
  void* memory = tidewire::counted_allocation(size);
  if (memory == nullptr) std::abort();
  return memory;
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return tidewire::counted_allocation(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
