#include "congestion/scenarios_for_test.h"

#include <algorithm>
#include <numeric>

namespace tidewire::congestion::lab {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kbit(std::uint64_t n) { return n * 1000; }

FlowConfig from(Duration start, Duration extra_delay = 0ms) {
  return FlowConfig{.start = start, .extra_delay = extra_delay};
}

PathOptions constant(std::uint64_t rate) {
  PathOptions options;
  options.there.schedule = {{0s, rate}};
  return options;
}

double in_all(const Path& path, Interval interval) {
  double sum = 0;
  for (std::size_t i = 0; i < path.flows().size(); ++i) sum += path.utilisation(i, interval);
  return sum;
}

double worst_queue(const Path& path, double share, Interval interval) {
  double worst = 0;
  for (std::size_t i = 0; i < path.flows().size(); ++i) worst = std::max(worst, path.queue_ms(i, share, interval));
  return worst;
}

double worst_drops(const Path& path, Interval interval) {
  double worst = 0;
  for (std::size_t i = 0; i < path.flows().size(); ++i) worst = std::max(worst, path.drops(i, interval));
  return worst;
}

Scenario start(std::string name, std::uint64_t rate, std::uint64_t start_bitrate, Duration one_way, double within,
               double above = 0.2, double dropped = 0.01) {
  PathOptions options = constant(rate);
  options.there.delay = options.back.delay = one_way;
  options.flows[0].limits.start = start_bitrate;
  const auto bits = static_cast<double>(rate);
  return {std::move(name), 10s, options, [=](const Path& path) -> std::vector<Metric> {
            return {{"90% after s", path.seconds_until_target(0, true, 0.9 * bits, {0s, 10s}), 0, within},
                    {"above 105% s", path.longest_above(0, 1.05 * bits, {0s, 10s}), 0, above},
                    {"util 2-10", path.utilisation(0, {2s, 10s}), 0.9},
                    {"queue p95", path.queue_ms(0, 0.95, {0s, 10s})},
                    {"queue max", path.queue_ms(0, 1, {0s, 10s})},
                    {"drops", path.drops(0, {0s, 10s}), 0, dropped}};
          }};
}

Scenario variable(std::string name, Duration one_way) {
  PathOptions options;
  options.there.schedule = {{0s, kbit(1000)}, {40s, kbit(2500)}, {60s, kbit(600)}, {80s, kbit(1000)}};
  options.there.delay = options.back.delay = one_way;
  return {std::move(name), 100s, options, [](const Path& path) -> std::vector<Metric> {
            const Interval all{0s, 100s};
            const double lowest = std::min({path.utilisation(0, {5s, 40s}), path.utilisation(0, {45s, 60s}),
                                            path.utilisation(0, {65s, 80s}), path.utilisation(0, {85s, 100s})});
            return {{"least util", lowest, 0.9},
                    {"queue p50", path.queue_ms(0, 0.5, all)},
                    {"queue p95", path.queue_ms(0, 0.95, all), 0, 40},
                    {"queue p99", path.queue_ms(0, 0.99, all), 0, 120},
                    {"drops", path.drops(0, all), 0, 0.005},
                    {"frame p95", path.frame_delay_ms(0, 0.95, all)}};
          }};
}

Scenario step_up() {
  PathOptions options;
  options.there.schedule = {{0s, kbit(500)}, {20s, kbit(3000)}};
  return {"step-up", 40s, options, [](const Path& path) -> std::vector<Metric> {
            return {{"90% after s", path.seconds_until_target(0, true, 2'700'000, {20s, 40s}), 0, 3},
                    {"util before", path.utilisation(0, {5s, 20s}), 0.9},
                    {"util 25-40", path.utilisation(0, {25s, 40s}), 0.9},
                    {"queue p95", path.queue_ms(0, 0.95, {5s, 40s}), 0, 40},
                    {"drops", path.drops(0, {0s, 40s}), 0, 0.005}};
          }};
}

Scenario step_down() {
  PathOptions options;
  options.there.schedule = {{0s, kbit(2500)}, {20s, kbit(600)}};
  return {"step-down", 40s, options, [](const Path& path) -> std::vector<Metric> {
            return {{"below after s", path.seconds_until_target(0, false, 600'000, {20s, 40s}), 0, 0.5},
                    {"queue<50 after s", path.seconds_until_queue_below(0, 50ms, {20s, 25s}), 0, 1.5},
                    {"queue max", path.queue_ms(0, 1, {20s, 25s})},
                    {"util 25-40", path.utilisation(0, {25s, 40s}), 0.9},
                    {"drops 20-25", path.drops(0, {20s, 25s})},
                    {"frame max", path.frame_delay_ms(0, 1, {19s, 25s})}};
          }};
}

Scenario two_flows() {
  PathOptions options;
  options.there.schedule = {
      {0s, kbit(4000)}, {25s, kbit(2000)}, {50s, kbit(3500)}, {75s, kbit(1000)}, {100s, kbit(2000)}};
  options.flows = {from(0s), from(0s)};
  return {"rfc8867-5.2", 125s, options, [](const Path& path) -> std::vector<Metric> {
            return {{"jain", path.jain({5s, 125s}), 0.95},
                    {"util", in_all(path, {5s, 125s}), 0.9},
                    {"queue p95", worst_queue(path, 0.95, {5s, 125s}), 0, 60},
                    {"drops", worst_drops(path, {5s, 125s}), 0, 0.01}};
          }};
}

Scenario congested_feedback() {
  PathOptions options;
  options.there.schedule = {{0s, kbit(2000)}, {20s, kbit(1000)}, {40s, kbit(500)}, {60s, kbit(2000)}};
  options.back.schedule = {{0s, kbit(2000)}, {35s, kbit(800)}, {70s, kbit(2000)}};
  options.back.queue = 300ms;
  options.flows = {from(0s), from(0s)};
  options.flows[1].backward = true;
  return {"rfc8867-5.3", 100s, options, [](const Path& path) -> std::vector<Metric> {
            const double carried = path.throughput(1, {0s, 100s}) * 100 / 8;
            return {{"util there", path.utilisation(0, {5s, 100s}), 0.85},
                    {"util back", path.utilisation(1, {5s, 100s}), 0.85},
                    {"feedback", static_cast<double>(path.flows()[0]->log().feedback_bytes) / carried, 0, 0.05},
                    {"queue p95", worst_queue(path, 0.95, {5s, 100s})},
                    {"drops", worst_drops(path, {5s, 100s}), 0, 0.01}};
          }};
}

Scenario competing() {
  PathOptions options = constant(kbit(3500));
  options.flows = {from(0s), from(20s), from(40s)};
  return {"rfc8867-5.4", 120s, options, [](const Path& path) -> std::vector<Metric> {
            double converged = path.seconds_until_converged(2, 3'500'000.0 / 3, {40s, 120s});
            return {{"jain 50-120", path.jain({50s, 120s}), 0.95},
                    {"util", in_all(path, {5s, 120s}), 0.9},
                    {"queue p95", worst_queue(path, 0.95, {5s, 120s}), 0, 60},
                    {"converged s", converged},
                    {"drops", worst_drops(path, {5s, 120s}), 0, 0.01}};
          }};
}

Scenario round_trips() {
  PathOptions options = constant(kbit(4000));
  options.there.delay = options.back.delay = 10ms;
  options.flows = {from(0s), from(10s, 15ms), from(20s, 40ms), from(30s, 90ms), from(40s, 140ms)};
  return {"rfc8867-5.5", 300s, options, [](const Path& path) -> std::vector<Metric> {
            return {{"jain 60-300", path.jain({60s, 300s}), 0.9},
                    {"util", in_all(path, {60s, 300s}), 0.9},
                    {"queue p95", worst_queue(path, 0.95, {60s, 300s}), 0, 60},
                    {"10 ms share", path.utilisation(0, {60s, 300s})},
                    {"150 ms share", path.utilisation(4, {60s, 300s})}};
          }};
}

Scenario long_tcp() {
  PathOptions options = constant(kbit(2000));
  options.flows = {from(5s)};
  options.tcps = {{}};
  return {"rfc8867-5.6", 120s, options, [](const Path& path) -> std::vector<Metric> {
            const double lowest = path.lowest_throughput(0, 5s, {10s, 120s}) / 2'000'000;
            return {{"share 15-120", path.utilisation(0, {15s, 120s}), 0.35, 0.65},
                    {"lowest 5 s", lowest, 0.2},
                    {"queue p50", path.queue_ms(0, 0.5, {15s, 120s})},
                    {"frame p95", path.frame_delay_ms(0, 0.95, {15s, 120s})},
                    {"drops", path.drops(0, {15s, 120s})}};
          }};
}

Scenario tcp_leaves() {
  PathOptions options = constant(kbit(2000));
  options.tcps = {{.start = Timestamp{20s}, .min_bytes = 4'000'000, .max_bytes = 4'000'000, .mean_pause = 1000s}};
  return {"tcp-leaves", 90s, options, [](const Path& path) -> std::vector<Metric> {
            return {{"share 25-40", path.utilisation(0, {25s, 40s}), 0.3, 0.7},
                    {"util 70-90", path.utilisation(0, {70s, 90s}), 0.9},
                    {"queue p95 70-90", path.queue_ms(0, 0.95, {70s, 90s}), 0, 60}};
          }};
}

Scenario short_tcps() {
  PathOptions options = constant(kbit(2000));
  options.flows = {from(0s), from(0s)};
  for (int i = 0; i < 10; ++i) {
    // RFC 8867 §5.7: two begin at once; files of 30 to 50 kB with pauses of 10 s on the average.
    options.tcps.push_back({Timestamp{i < 2 ? 1s : Duration{i * 1s}}, 30'000, 50'000, 10s});
  }
  return {"rfc8867-5.7", 120s, options, [](const Path& path) -> std::vector<Metric> {
            return {{"media share", in_all(path, {5s, 120s}), 0.6},
                    {"lowest 3 s",
                     (path.lowest_throughput(0, 3s, {10s, 120s}) + path.lowest_throughput(1, 3s, {10s, 120s})) / 2e6},
                    {"jain", path.jain({5s, 120s}), 0.95},
                    {"queue p95", worst_queue(path, 0.95, {5s, 120s})}};
          }};
}

Scenario pause_resume() {
  PathOptions options = constant(kbit(3500));
  options.flows = {from(0s), from(0s), from(0s)};
  options.flows[0].demand = {{0s, kbit(1'000'000)}, {40s, 0}, {60s, kbit(1'000'000)}};
  return {"rfc8867-5.8", 90s, options, [](const Path& path) -> std::vector<Metric> {
            return {{"jain 20-40", path.jain({20s, 40s}), 0.95},
                    {"jain 64-90", path.jain({64s, 90s}), 0.95},
                    {"jain 64-66", path.jain({64s, 66s})},
                    {"others 45-60", (path.utilisation(1, {45s, 60s}) + path.utilisation(2, {45s, 60s})), 0.9},
                    {"util", in_all(path, {5s, 40s}), 0.9},
                    {"queue p95", worst_queue(path, 0.95, {5s, 90s}), 0, 60}};
          }};
}

Scenario lossy(std::string name, double loss, double wanted) {
  PathOptions options = constant(kbit(2000));
  options.there.loss = loss;
  return {std::move(name), 40s, options, [=](const Path& path) -> std::vector<Metric> {
            return {{"util 5-40", path.utilisation(0, {5s, 40s}), wanted},
                    {"queue p95", path.queue_ms(0, 0.95, {5s, 40s})},
                    {"drops", path.drops(0, {5s, 40s}), 0, 0.01}};
          }};
}

Scenario bursts() {
  PathOptions options = constant(kbit(2000));
  options.there.burst_enter = 0.005;
  options.there.burst_leave = 0.2;
  return {
      "burst-loss", 60s, options, [](const Path& path) -> std::vector<Metric> {
        return {{"util 5-60", path.utilisation(0, {5s, 60s}), 0.8}, {"queue p95", path.queue_ms(0, 0.95, {5s, 60s})}};
      }};
}

Scenario jitter(std::string name, std::uint64_t rate, Duration amount, double wanted) {
  PathOptions options = constant(rate);
  options.there.jitter = amount;
  return {std::move(name), 40s, options, [=](const Path& path) -> std::vector<Metric> {
            return {{"util 5-40", path.utilisation(0, {5s, 40s}), wanted},
                    {"queue p95", path.queue_ms(0, 0.95, {5s, 40s})},
                    {"queue p50", path.queue_ms(0, 0.5, {5s, 40s})}};
          }};
}

Scenario outage(std::string name, Duration length) {
  PathOptions options;
  options.there.schedule = {{0s, kbit(2000)}, {20s, 0}, {20s + length, kbit(2000)}};
  return {std::move(name), 40s, options, [=](const Path& path) -> std::vector<Metric> {
            const Interval after{20s + length, 40s};
            return {{"80% after s", path.seconds_until_throughput(0, 1'600'000, 500ms, after), 0, 2},
                    {"target 80% s", path.seconds_until_target(0, true, 1'600'000, {20s + length + 100ms, 40s}), 0, 2},
                    {"util 2-7 after", path.utilisation(0, {22s + length, 27s + length})},
                    {"queue p95 after", path.queue_ms(0, 0.95, {22s + length, 40s})},
                    {"util 5-20", path.utilisation(0, {5s, 20s}), 0.9}};
          }};
}

// Little is sent for half a minute; then all that the path carries is wanted.
Scenario limited() {
  PathOptions options = constant(kbit(3000));
  options.flows[0].demand = {{0s, kbit(1'000'000)}, {10s, kbit(150)}, {40s, kbit(1'000'000)}};
  return {"app-limited", 60s, options, [](const Path& path) -> std::vector<Metric> {
            return {{"target at 40 s", static_cast<double>(path.target(0, 40s)) / 3e6, 0.8, 1.05},
                    {"90% after s", path.seconds_until_target(0, true, 2'700'000, {40s, 60s}), 0, 3},
                    {"sent kbit/s 12-40", path.throughput(0, {12s, 40s}) / 1000, 0, 600},
                    {"queue max 40-45", path.queue_ms(0, 1, {40s, 45s}), 0, 120},
                    {"util 45-60", path.utilisation(0, {45s, 60s}), 0.9}};
          }};
}

// The same while the path becomes slower and nobody notices.
Scenario limited_and_slower() {
  PathOptions options;
  options.there.schedule = {{0s, kbit(3000)}, {20s, kbit(800)}};
  options.flows[0].demand = {{0s, kbit(1'000'000)}, {10s, kbit(150)}, {40s, kbit(1'000'000)}};
  return {"app-limited-slower", 60s, options, [](const Path& path) -> std::vector<Metric> {
            return {{"target at 40 s", static_cast<double>(path.target(0, 40s)) / 0.8e6, 0.7, 1.2},
                    {"queue p95", path.queue_ms(0, 0.95, {20s, 60s}), 0, 60},
                    {"util 45-60", path.utilisation(0, {45s, 60s}), 0.9}};
          }};
}

Scenario drift(std::string name, double drift) {
  PathOptions options = constant(kbit(2000));
  options.flows[0].clock_drift = drift;
  return {std::move(name), 120s, options, [](const Path& path) -> std::vector<Metric> {
            return {{"util 5-60", path.utilisation(0, {5s, 60s}), 0.9},
                    {"util 60-120", path.utilisation(0, {60s, 120s}), 0.9},
                    {"queue p95", path.queue_ms(0, 0.95, {5s, 120s}), 0, 40}};
          }};
}

Scenario marks() {
  PathOptions options = constant(kbit(3000));
  options.there.mark_above = 5ms;
  return {"ecn", 60s, options, [](const Path& path) -> std::vector<Metric> {
            return {{"util 5-60", path.utilisation(0, {5s, 60s}), 0.85},
                    {"queue p50", path.queue_ms(0, 0.5, {5s, 60s})},
                    {"queue p95", path.queue_ms(0, 0.95, {5s, 60s}), 0, 20}};
          }};
}

// A rate that swings as that of a wireless link does: anew every 200 ms, even in 60 to 140 % of 3 Mbit/s.
Scenario wireless() {
  PathOptions options;
  options.there.schedule.clear();
  std::mt19937_64 random(7);
  for (Duration at{}; at < 60s; at += 200ms) {
    options.there.schedule.push_back({at, static_cast<std::uint64_t>((0.6 + 0.8 * uniform(random)) * 3e6)});
  }
  return {"wireless", 60s, options, [](const Path& path) -> std::vector<Metric> {
            return {{"util 5-60", path.utilisation(0, {5s, 60s}), 0.75},
                    {"queue p95", path.queue_ms(0, 0.95, {5s, 60s}), 0, 120},
                    {"frame p95", path.frame_delay_ms(0, 0.95, {5s, 60s})}};
          }};
}

Scenario lost_feedback() {
  PathOptions options = constant(kbit(2000));
  options.flows[0].feedback_loss = 0.2;
  options.back.jitter = 60ms;
  return {"lost-feedback", 40s, options, [](const Path& path) -> std::vector<Metric> {
            return {{"util 5-40", path.utilisation(0, {5s, 40s}), 0.9},
                    {"queue p95", path.queue_ms(0, 0.95, {5s, 40s}), 0, 60}};
          }};
}

}  // namespace

std::vector<Scenario> scenarios() {
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
