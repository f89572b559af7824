// What else a path does to a call.
#include <cmath>

#include "congestion/scenario_parts_for_test.h"

namespace tidewire::congestion::lab {
namespace {

using namespace std::chrono_literals;

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
                    {"queue<50 after s", path.seconds_until_queue_below(0, 50ms, {20s, 22s}), 0, 1.5},
                    {"queue max", path.queue_ms(0, 1, {20s, 25s})},
                    {"util 25-40", path.utilisation(0, {25s, 40s}), 0.9},
                    {"drops 20-25", path.drops(0, {20s, 25s})},
                    {"frame max", path.frame_delay_ms(0, 1, {19s, 25s})},
                    // The standard's freeze begins at the mean and 150 ms more.
                    {"gap ms", path.longest_gap_ms(0, {20s, 25s}), 0, 183}};
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

// One transfer of a few seconds beside two flows.
Scenario one_transfer() {
  PathOptions options = constant(kbit(2000));
  options.flows = {from(0s), from(0s)};
  options.tcps = {{.start = Timestamp{20s}, .min_bytes = 500'000, .max_bytes = 500'000, .mean_pause = 1000s}};
  return {"transfer", 40s, options, [](const Path& path) -> std::vector<Metric> {
            const Duration end = path.tcps()[0]->last_arrival - Timestamp{};
            double again = 20;
            for (Duration at = end + 300ms; at < 40s; at += 50ms) {
              if (in_all(path, {at - 300ms, at}) < 0.9) continue;
              again = std::chrono::duration<double>(at - end).count();
              break;
            }
            return {{"TCP took s", std::chrono::duration<double>(end - 20s).count(), 0, 8},
                    {"share meanwhile", in_all(path, {20s, end}), 0.3},
                    {"90% again s", again, 0, 3},
                    {"queue p95 after", worst_queue(path, 0.95, {end + 2s, 40s}), 0, 60}};
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
            return {{"util 5-60", path.utilisation(0, {5s, 60s}), 0.7},
                    {"queue p95", path.queue_ms(0, 0.95, {5s, 60s}), 0, 120},
                    {"frame p95", path.frame_delay_ms(0, 0.95, {5s, 60s})}};
          }};
}

// The rate of a cellular link: a random walk of 100 ms steps about 4 Mbit/s, with fades to a tenth of it, in a queue of
// a second as base stations have; after the statistics of the Mahimahi and Verus traces.
Scenario cellular(std::string name, std::uint64_t seed) {
  PathOptions options;
  options.there.queue = 1000ms;
  options.there.schedule.clear();
  std::mt19937_64 random(seed);
  double level = 0;
  int fade = 0;
  for (Duration at{}; at < 60s; at += 100ms) {
    level = 0.95 * level + 0.35 * (uniform(random) + uniform(random) - 1);
    if (fade > 0) --fade;
    if (fade == 0 && uniform(random) < 0.008) fade = 5 + static_cast<int>(uniform(random) * 15);
    const double rate = 4e6 * std::exp(level) * (fade > 0 ? 0.12 : 1.0);
    options.there.schedule.push_back({at, static_cast<std::uint64_t>(std::clamp(rate, 150e3, 12e6))});
  }
  return {std::move(name), 60s, options, [](const Path& path) -> std::vector<Metric> {
            return {{"util 5-60", path.utilisation(0, {5s, 60s}), 0.6},
                    {"kbit/s", path.throughput(0, {5s, 60s}) / 1000},
                    {"queue p95", path.queue_ms(0, 0.95, {5s, 60s})},
                    {"frame p95", path.frame_delay_ms(0, 0.95, {5s, 60s}), 0, 300}};
          }};
}

Scenario route_change() {
  PathOptions options = constant(kbit(2000));
  options.there.longer_from = 20s;
  options.there.longer = 80ms;
  return {"route-change", 60s, options, [](const Path& path) -> std::vector<Metric> {
            return {{"util 20-35", path.utilisation(0, {20s, 35s}), 0.5},
                    {"util 35-60", path.utilisation(0, {35s, 60s}), 0.9},
                    {"queue p95 35-60", path.queue_ms(0, 0.95, {35s, 60s}), 0, 60}};
          }};
}

Scenario shallow() {
  PathOptions options = constant(kbit(2000));
  options.there.queue = 15ms;
  return {"shallow-queue", 40s, options, [](const Path& path) -> std::vector<Metric> {
            return {{"util 5-40", path.utilisation(0, {5s, 40s}), 0.8}, {"drops", path.drops(0, {5s, 40s}), 0, 0.08}};
          }};
}

Scenario lost_feedback() {
  PathOptions options = constant(kbit(2000));
  options.flows[0].feedback_loss = 0.2;
  options.back.jitter = 60ms;
  return {"lost-feedback", 40s, options, [](const Path& path) -> std::vector<Metric> {
            return {{"util 5-40", path.utilisation(0, {5s, 40s}), 0.85},
                    {"queue p95", path.queue_ms(0, 0.95, {5s, 40s}), 0, 60}};
          }};
}

std::vector<Scenario> of_starts_and_steps() {
  return {start("start", kbit(3000), kbit(1000), 25ms, 1), start("start-50ms", kbit(3000), kbit(1000), 50ms, 1.5),
          start("start-300k", kbit(3000), kbit(300), 25ms, 1.5), start("start-20M", kbit(20'000), kbit(300), 25ms, 3),
          // Until the first feedback nobody can know.
          start("start-slow", kbit(400), kbit(1000), 25ms, 10, 0.4, 0.05), step_up(), step_down(), wireless(),
          cellular("cellular-1", 1), cellular("cellular-2", 2), cellular("cellular-3", 3), route_change()};
}

std::vector<Scenario> of_losses() {
  return {lossy("loss-2", 0.02, 0.9),
          lossy("loss-5", 0.05, 0.8),
          lossy("loss-10", 0.10, 0.6),
          bursts(),
          shallow(),
          jitter("jitter-10", kbit(4000), 10ms, 0.85),
          jitter("jitter-30", kbit(2000), 30ms, 0.8),
          outage("outage-1", 1s),
          outage("outage-3", 3s),
          outage("outage-10", 10s),
          lost_feedback()};
}

}  // namespace

std::vector<Scenario> own_scenarios() {
  std::vector<Scenario> all = of_starts_and_steps();
  for (Scenario& scenario : of_losses()) all.push_back(std::move(scenario));
  for (Scenario scenario : {tcp_leaves(), one_transfer(), limited(), limited_and_slower(), drift("drift+500", 500e-6),
                            drift("drift-500", -500e-6), marks()}) {
    all.push_back(std::move(scenario));
  }
  return all;
}

}  // namespace tidewire::congestion::lab
