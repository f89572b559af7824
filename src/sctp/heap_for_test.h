// How much of the heap this test program holds; hostile_heap_test.cc counts it.
#pragma once

#include <cstddef>

namespace tidewire::sctp {

std::size_t heap_in_use();
// The most that was in use since the last call.
std::size_t take_heap_peak();

}  // namespace tidewire::sctp
