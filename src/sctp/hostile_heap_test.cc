// The heap of the whole test program, counted, and what a storm of everything may take of it.
#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <new>
#include <utility>

#include "sctp/forge_for_test.h"
#include "sctp/heap_for_test.h"

namespace {

std::size_t in_use = 0;
std::size_t peak = 0;

void* take(std::size_t size) {
  void* memory = std::malloc(size == 0 ? 1 : size);
  in_use += malloc_usable_size(memory);
  peak = std::max(peak, in_use);
  return memory;
}
void give_back(void* memory) {
  in_use -= malloc_usable_size(memory);
  std::free(memory);
}

}  // namespace

[[gnu::noinline]] void* operator new(std::size_t size) {
  void* memory = take(size);
  if (memory == nullptr) std::abort();
  return memory;
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return take(size); }
[[gnu::noinline]] void* operator new[](std::size_t size) { return operator new(size); }
[[gnu::noinline]] void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return take(size); }
[[gnu::noinline]] void operator delete(void* memory) noexcept { give_back(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { give_back(memory); }
[[gnu::noinline]] void operator delete(void* memory, const std::nothrow_t&) noexcept { give_back(memory); }
[[gnu::noinline]] void operator delete[](void* memory) noexcept { give_back(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept { give_back(memory); }
[[gnu::noinline]] void operator delete[](void* memory, const std::nothrow_t&) noexcept { give_back(memory); }

namespace tidewire::sctp {

std::size_t heap_in_use() { return in_use; }
std::size_t take_heap_peak() { return std::exchange(peak, in_use); }

namespace {

TEST(SctpHeap, IsCounted) {
  const std::size_t before = heap_in_use();
  take_heap_peak();
  {
    Bytes bytes(1'000'000);
    EXPECT_GE(heap_in_use(), before + 1'000'000);
    EXPECT_LT(heap_in_use(), before + 1'100'000);
  }
  EXPECT_EQ(heap_in_use(), before);
  EXPECT_GE(take_heap_peak(), before + 1'000'000);
}

}  // namespace
}  // namespace tidewire::sctp
