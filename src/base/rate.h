// Bits over time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "tidewire/time.h"

namespace tidewire {

// The time that `bytes` take at a rate; a rate of zero counts as one bit a second.
constexpr Duration transmission_time(std::size_t bytes, std::uint64_t bits_per_second) {
  return Duration{
      static_cast<std::int64_t>(bytes * 8 * 1'000'000'000ULL / std::max<std::uint64_t>(bits_per_second, 1))};
}

}  // namespace tidewire
