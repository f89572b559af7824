// RFC 8867 §5, with the parameters that it leaves open as its examples have them.
#include "congestion/scenario_parts_for_test.h"

namespace tidewire::congestion::lab {
namespace {

using namespace std::chrono_literals;

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
                    {"jain", path.jain({5s, 120s}), 0.85},
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

}  // namespace

std::vector<Scenario> rfc8867_scenarios() {
  return {variable("rfc8867-5.1", 50ms),
          variable("rfc8867-5.1-100ms", 100ms),
          two_flows(),
          congested_feedback(),
          competing(),
          round_trips(),
          long_tcp(),
          short_tcps(),
          pause_resume()};
}

}  // namespace tidewire::congestion::lab
