// What the programs here say: lines of JSON on standard output.
#pragma once

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <string>
#include <vector>

namespace tidewire::bench {

// For what `run` asks of a program.
struct Options {
  std::string clip;
  int bitrate = 2'400'000;
  double duration = 10;  // seconds of measuring
  int repeats = 10;      // of calls that are begun
};

// Before a measurement, so that rate control, path MTU and caches have settled.
inline constexpr double kWarmUpSeconds = 3;

inline void emit(const boost::json::object& message) {
  const std::string line = boost::json::serialize(message) + "\n";
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fflush(stdout);
}

inline boost::json::object percentiles(std::vector<double> sample) {
  if (sample.empty()) return {};
  std::ranges::sort(sample);
  const auto at = [&sample](std::size_t percent) { return sample[(sample.size() - 1) * percent / 100]; };
  return {{"p50", at(50)}, {"p95", at(95)}, {"count", sample.size()}};
}

}  // namespace tidewire::bench
