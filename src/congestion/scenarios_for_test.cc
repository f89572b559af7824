#include "congestion/scenarios_for_test.h"

#include <algorithm>

#include "congestion/scenario_parts_for_test.h"

namespace tidewire::congestion::lab {

std::vector<Scenario> scenarios() {
  std::vector<Scenario> all = rfc8867_scenarios();
  for (Scenario& scenario : own_scenarios()) all.push_back(std::move(scenario));
  return all;
}

std::vector<Metric> run(const Scenario& scenario, CongestionControl control, std::uint64_t seed) {
  PathOptions options = scenario.options;
  options.seed = seed;
  for (FlowConfig& flow : options.flows) flow.control = control;
  Path path(options);
  path.run_until(scenario.length);
  return scenario.measure(path);
}

std::vector<Metric> run_median(const Scenario& scenario, CongestionControl control, std::uint64_t seeds) {
  std::vector<std::vector<Metric>> runs;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) runs.push_back(run(scenario, control, seed));
  std::vector<Metric> medians = runs[0];
  for (std::size_t i = 0; i < medians.size(); ++i) {
    std::vector<double> values;
    for (const auto& metrics : runs) values.push_back(metrics[i].value);
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
    medians[i].value = values[values.size() / 2];
  }
  return medians;
}

}  // namespace tidewire::congestion::lab
