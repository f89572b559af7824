// What the scenarios are put together from.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "congestion/scenarios_for_test.h"

namespace tidewire::congestion::lab {

// RFC 8867's cases 5.1 to 5.8, and those of our own.
std::vector<Scenario> rfc8867_scenarios();
std::vector<Scenario> own_scenarios();

inline constexpr std::uint64_t kbit(std::uint64_t n) { return n * 1000; }

inline FlowConfig from(Duration start, Duration extra_delay = Duration{}) {
  return FlowConfig{.start = start, .extra_delay = extra_delay};
}

inline PathOptions constant(std::uint64_t rate) {
  PathOptions options;
  options.there.schedule = {{Duration{}, rate}};
  return options;
}

inline double in_all(const Path& path, Interval interval) {
  double sum = 0;
  for (std::size_t i = 0; i < path.flows().size(); ++i) sum += path.utilisation(i, interval);
  return sum;
}

inline double worst_queue(const Path& path, double share, Interval interval) {
  double worst = 0;
  for (std::size_t i = 0; i < path.flows().size(); ++i) worst = std::max(worst, path.queue_ms(i, share, interval));
  return worst;
}

inline double worst_drops(const Path& path, Interval interval) {
  double worst = 0;
  for (std::size_t i = 0; i < path.flows().size(); ++i) worst = std::max(worst, path.drops(i, interval));
  return worst;
}

}  // namespace tidewire::congestion::lab
