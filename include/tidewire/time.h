// Time as the library sees it: a value that the caller passes in, never a clock that is read.
//
// A session compares and adds points in time, but has no way to ask for the present one. In production
// the event loop reads a steady clock; in a simulated network the clock is a number that a test advances.
#pragma once

#include <chrono>
#include <cstdint>

namespace tidewire {

// The clock that every Timestamp belongs to. It has, on purpose, no now().
struct Clock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<Clock>;
  static constexpr bool is_steady = true;
};

using Duration = Clock::duration;

// A point on a monotonic scale with an arbitrary origin. Points of different event loops of one process
// share the origin; points of different processes do not.
using Timestamp = Clock::time_point;

// "No deadline". Later than every other point in time.
inline constexpr Timestamp kNever = Timestamp::max();

// A point in wall-clock time, in nanoseconds since 1970-01-01 00:00 UTC, leap seconds ignored.
struct UnixTime {
  Duration since_epoch{};
  friend constexpr bool operator==(UnixTime, UnixTime) = default;
  friend constexpr auto operator<=>(UnixTime, UnixTime) = default;
};

// The same moment on both scales. Protocols that carry wall time on the wire (RTCP sender reports, absolute
// capture time) convert with it.
struct WallClockAnchor {
  Timestamp monotonic{};
  UnixTime wall{};

  constexpr UnixTime to_wall(Timestamp t) const { return {wall.since_epoch + (t - monotonic)}; }
};

}  // namespace tidewire
