// The cases that a controller of media is judged by, with what is wanted of each: RFC 8867's and our own.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "congestion/path_for_test.h"

namespace tidewire::congestion::lab {

struct Metric {
  std::string name;
  double value = 0;
  double at_least = -1e18;
  double at_most = 1e18;
  bool met() const { return value >= at_least && value <= at_most; }
};

struct Scenario {
  std::string name;
  Duration length{};
  PathOptions options;
  std::function<std::vector<Metric>(const Path&)> measure;
};

std::vector<Scenario> scenarios();

// The scenario's metrics with one seed, all flows but rivals under one controller.
std::vector<Metric> run(const Scenario& scenario, CongestionControl control, std::uint64_t seed);
// The median of each metric over seeds 1 to `seeds`.
std::vector<Metric> run_median(const Scenario& scenario, CongestionControl control, std::uint64_t seeds);

}  // namespace tidewire::congestion::lab
