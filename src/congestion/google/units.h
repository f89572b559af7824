// Rates in this folder are doubles, in bits per second: estimates are smoothed, multiplied and compared, and become
// integers only where they leave.
#pragma once

#include <chrono>
#include <cstddef>
#include <limits>

#include "tidewire/time.h"

namespace tidewire::congestion::google {

inline constexpr double kUnlimited = std::numeric_limits<double>::infinity();
inline constexpr double kKilo = 1000.0;

constexpr double in_seconds(Duration d) { return std::chrono::duration<double>(d).count(); }
constexpr double in_ms(Duration d) { return std::chrono::duration<double, std::milli>(d).count(); }
constexpr double bits(std::size_t bytes) { return static_cast<double>(bytes) * 8; }

}  // namespace tidewire::congestion::google
