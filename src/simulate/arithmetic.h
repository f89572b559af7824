// Small sums of the measurements.
#pragma once

#include <limits>

#include "tidewire/time.h"

namespace tidewire::simulate {

// "Not measured", or "never": null in JSON.
inline constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();

inline double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }
inline double in_ms(Duration duration) { return seconds(duration) * 1000; }
inline double ratio(double part, double whole) { return whole > 0 ? part / whole : kNothing; }

}  // namespace tidewire::simulate
