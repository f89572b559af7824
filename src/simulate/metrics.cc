#include "simulate/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tidewire::simulate {
namespace {

using Call = CallMeasures;
using Change = ChangeMeasures;

constexpr Metric<Call> kCallMetrics[] = {
    {"utilisation", "utilisation", Unit::kShare, [](const Call& m) { return m.utilisation; }},
    {"bitrate", "received", Unit::kBitrate, [](const Call& m) { return m.rate; }},
    {"least_share", "worst 5 s", Unit::kShare, [](const Call& m) { return m.least_share; }},
    {"queue_ms.p50", "queue p50", Unit::kMilliseconds, [](const Call& m) { return m.queue_ms.p50; }},
    {"queue_ms.p95", "queue p95", Unit::kMilliseconds, [](const Call& m) { return m.queue_ms.p95; }},
    {"queue_ms.p99", "queue p99", Unit::kMilliseconds, [](const Call& m) { return m.queue_ms.p99; }},
    {"loss", "loss", Unit::kShare, [](const Call& m) { return m.loss; }},
    {"frame_delay_ms.p50", "frame delay p50", Unit::kMilliseconds, [](const Call& m) { return m.frame_delay_ms.p50; }},
    {"frame_delay_ms.p95", "frame delay p95", Unit::kMilliseconds, [](const Call& m) { return m.frame_delay_ms.p95; }},
    {"frame_delay_ms.p99", "frame delay p99", Unit::kMilliseconds, [](const Call& m) { return m.frame_delay_ms.p99; }},
    {"transit_ms.p50", "transit p50", Unit::kMilliseconds, [](const Call& m) { return m.transit_ms.p50; }},
    {"transit_ms.p95", "transit p95", Unit::kMilliseconds, [](const Call& m) { return m.transit_ms.p95; }},
    {"transit_ms.p99", "transit p99", Unit::kMilliseconds, [](const Call& m) { return m.transit_ms.p99; }},
    {"freeze_ratio", "frozen", Unit::kShare, [](const Call& m) { return m.freeze_ratio; }},
    {"freezes", "freezes", Unit::kCount, [](const Call& m) { return m.freezes; }},
    {"frame_rate", "pictures a second", Unit::kCount, [](const Call& m) { return m.frame_rate; }},
    {"paused_s", "picture paused", Unit::kSeconds, [](const Call& m) { return m.paused_s; }},
    {"size_changes", "changes of size", Unit::kCount, [](const Call& m) { return m.size_changes; }},
    {"sound_missing", "sound missing", Unit::kShare, [](const Call& m) { return m.sound_missing; }},
    {"longest_silence_ms", "longest silence", Unit::kMilliseconds, [](const Call& m) { return m.longest_silence_ms; }},
    {"feedback", "feedback", Unit::kShare, [](const Call& m) { return m.feedback; }},
    {"retransmitted", "sent again", Unit::kShare, [](const Call& m) { return m.retransmitted; }},
    {"above_105_ms", "longest above 105 %", Unit::kMilliseconds, [](const Call& m) { return m.above_105_ms; }},
    {"converged_s", "converged after", Unit::kSeconds, [](const Call& m) { return m.converged_s; }},
};

constexpr Metric<Change> kChangeMetrics[] = {
    {"at_s", "at", Unit::kSeconds, [](const Change& m) { return m.at_s; }},
    {"capacity", "capacity", Unit::kBitrate, [](const Change& m) { return m.capacity; }},
    {"calls", "calls", Unit::kCount, [](const Change& m) { return static_cast<double>(m.calls); }},
    {"reached_80_s", "80 %", Unit::kSeconds, [](const Change& m) { return m.reached_80_s; }},
    {"reached_90_s", "90 %", Unit::kSeconds, [](const Change& m) { return m.reached_90_s; }},
    {"below_capacity_s", "below", Unit::kSeconds, [](const Change& m) { return m.below_capacity_s; }},
    {"queue_below_50_s", "queue < 50", Unit::kSeconds, [](const Change& m) { return m.queue_below_50_s; }},
    {"converged_s", "converged", Unit::kSeconds, [](const Change& m) { return m.converged_s; }},
    {"most_queue_ms", "worst queue", Unit::kMilliseconds, [](const Change& m) { return m.most_queue_ms; }},
    {"frozen_s", "frozen", Unit::kSeconds, [](const Change& m) { return m.frozen_s; }},
};

}  // namespace

std::span<const Metric<CallMeasures>> call_metrics() { return kCallMetrics; }
std::span<const Metric<ChangeMeasures>> change_metrics() { return kChangeMetrics; }

Summary summarise(std::vector<double> values) {
  if (values.empty()) return {};
  constexpr double kLate = std::numeric_limits<double>::infinity();
  for (double& value : values) value = std::isnan(value) ? kLate : value;
  std::ranges::sort(values);
  const auto told = [](double value) { return value == kLate ? kNothing : value; };
  const std::size_t upper = values.size() / 2;
  const double median = values.size() % 2 == 1 ? values[upper] : (values[upper - 1] + values[upper]) / 2;
  return {told(median), told(values.front()), told(values.back())};
}

}  // namespace tidewire::simulate
