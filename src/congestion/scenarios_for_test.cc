#include "congestion/scenarios_for_test.h"

#include <algorithm>

#include "congestion/scenario_parts_for_test.h"

namespace tidewire::congestion::lab {

std::vector<Scenario> scenarios() {
<<<<<<< HEAD
  return {start("start", kbit(3000), kbit(1000), 25ms, 1), start("start-50ms", kbit(3000), kbit(1000), 50ms, 1.5),
          start("start-300k", kbit(3000), kbit(300), 25ms, 1.5), start("start-20M", kbit(20'000), kbit(300), 25ms, 3),
          // Until the first feedback nobody can know.
          start("start-slow", kbit(400), kbit(1000), 25ms, 10, 0.4, 0.05), variable("rfc8867-5.1", 50ms),
          variable("rfc8867-5.1-100ms", 100ms), step_up(), step_down(), two_flows(), congested_feedback(), competing(),
          round_trips(), long_tcp(), tcp_leaves(), short_tcps(), pause_resume(), lossy("loss-2", 0.02, 0.9),
          lossy("loss-5", 0.05, 0.8), lossy("loss-10", 0.10, 0.6), bursts(),
          jitter("jitter-10", kbit(4000), 10ms, 0.85), jitter("jitter-30", kbit(2000), 30ms, 0.8),
          outage("outage-1", 1s), outage("outage-3", 3s), outage("outage-10", 10s), limited(), limited_and_slower(),
          drift("drift+500", 500e-6), drift("drift-500", -500e-6), marks(), wireless(), lost_feedback()};
=======
  std::vector<Scenario> all = rfc8867_scenarios();
  for (Scenario& scenario : own_scenarios()) all.push_back(std::move(scenario));
  return all;
>>>>>>> main
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
