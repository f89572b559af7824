#include "simulate/measure_changes.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>

#include "simulate/arithmetic.h"
#include "simulate/changes.h"
#include "simulate/pictures.h"

namespace tidewire::simulate {
namespace {

using std::chrono::milliseconds;

constexpr Duration kSecond = std::chrono::seconds(1);
// RFC 8868 §3: a flow has converged when means over two seconds stay within a fifth of its share.
constexpr Duration kConvergenceWindow = 2 * kSecond;
constexpr Duration kConvergenceHolds = 5 * kSecond;
constexpr double kConvergenceBand = 0.2;
constexpr Duration kRateWindow = milliseconds(200);
// After a change, fairness is looked for from here on.
constexpr Duration kSettled = 5 * kSecond;

double wished_share(const Recording& recording, const Stage& stage, std::size_t call) {
  const auto& most = recording.scenario.calls[call].max_bitrate;
  return most ? std::min(stage.fair_share(), static_cast<double>(*most)) : stage.fair_share();
}

// From when on a call has its share in means over two seconds.
double converged_s(const Recording& recording, const Stage& stage, std::size_t number) {
  const CallRecording& call = recording.calls[number];
  const double share = wished_share(recording, stage, number);
  if (share <= 0) return kNothing;  // an outage
  std::optional<Duration> since;
  for (Duration at = stage.from; at + kConvergenceWindow <= stage.to; at += kSecond / 10) {
    const double rate = call.received.bits_per_second(at, at + kConvergenceWindow);
    if (std::abs(rate - share) > share * kConvergenceBand) {
      since.reset();
      continue;
    }
    if (!since) since = at;
    if (at - *since >= kConvergenceHolds) break;
  }
  return since ? seconds(*since - stage.from) : kNothing;
}

double sent_together(const Recording& recording, const Stage& stage, Duration from, Duration to) {
  double rate = 0;
  for (const std::size_t call : stage.calls) rate += recording.calls[call].sent.bits_per_second(from, to);
  return rate;
}

void measure_rates(const Recording& recording, const Stage& stage, ChangeMeasures& change) {
  if (stage.capacity <= 0) return;  // an outage
  for (Duration at = stage.from; at + kRateWindow <= stage.to; at += Series::kSlot) {
    const double rate = sent_together(recording, stage, at, at + kRateWindow);
    const double after = seconds(at + kRateWindow - stage.from);
    if (std::isnan(change.reached_80_s) && rate >= 0.8 * stage.capacity) change.reached_80_s = after;
    if (std::isnan(change.reached_90_s) && rate >= 0.9 * stage.capacity) change.reached_90_s = after;
    if (std::isnan(change.below_capacity_s) && rate <= stage.capacity)
      change.below_capacity_s = seconds(at - stage.from);
  }
}

void measure_queue(const Recording& recording, const Stage& stage, ChangeMeasures& change) {
  std::vector<QueueSample> samples;
  for (const std::size_t number : stage.calls) {
    std::ranges::copy_if(recording.calls[number].queue, std::back_inserter(samples),
                         [&](const QueueSample& it) { return it.at >= stage.from && it.at < stage.to; });
  }
  if (samples.empty()) return;
  std::ranges::sort(samples, {}, &QueueSample::at);
  Duration most{};
  Duration good_since = stage.from;
  std::optional<Duration> good;
  for (const QueueSample& it : samples) {
    most = std::max(most, it.queued);
    if (it.queued >= milliseconds(50)) {
      if (!good && it.at - good_since >= kSecond) good = good_since;
      good_since = it.at + Duration(1);
    }
  }
  if (!good && stage.to - good_since >= kSecond) good = good_since;
  change.most_queue_ms = in_ms(most);
  if (good) change.queue_below_50_s = seconds(*good - stage.from);
}

ChangeMeasures measure_change(const Recording& recording, const Stage& stage) {
  ChangeMeasures change{.at_s = seconds(stage.from),
                        .direction = to_string(stage.direction),
                        .capacity = stage.capacity,
                        .calls = static_cast<int>(stage.calls.size())};
  measure_rates(recording, stage, change);
  measure_queue(recording, stage, change);
  change.converged_s = 0;
  for (const std::size_t number : stage.calls) {
    const double its = converged_s(recording, stage, number);
    change.converged_s = std::isnan(its) || its > change.converged_s ? its : change.converged_s;
    if (std::isnan(change.converged_s)) break;
  }
  for (const std::size_t number : stage.calls) {
    change.frozen_s += look_at_pictures(recording.calls[number]).frozen_seconds(stage.from, stage.to);
  }
  return change;
}

// The mean over the stages that are long enough; one in which it never converged counts as a whole.
void add_convergence(const Recording& recording, const std::vector<Stage>& all, Measures& measures) {
  constexpr Duration kLongEnough = 2 * kConvergenceWindow;
  double sum_of_slowest = 0, stage_count = 0;
  std::vector<double> sums(recording.calls.size()), counts(recording.calls.size());
  for (const Stage& stage : all) {
    if (stage.calls.empty() || stage.capacity <= 0 || stage.to - stage.from < kLongEnough) continue;
    double slowest = 0;
    for (const std::size_t number : stage.calls) {
      const double its = converged_s(recording, stage, number);
      const double time = std::isnan(its) ? seconds(stage.to - stage.from) : its;
      sums[number] += time;
      counts[number] += 1;
      slowest = std::max(slowest, time);
    }
    sum_of_slowest += slowest;
    stage_count += 1;
  }
  for (std::size_t i = 0; i < sums.size(); ++i) measures.calls[i].converged_s = ratio(sums[i], counts[i]);
  measures.all.converged_s = ratio(sum_of_slowest, stage_count);
}

double jain_over(const Recording& recording, const std::vector<Stage>& all) {
  double sum = 0, time = 0;
  for (const Stage& stage : all) {
    const Duration from = stage.from + kSettled;
    if (stage.calls.size() < 2 || stage.to - from < kConvergenceWindow) continue;
    std::vector<double> rates;
    for (const std::size_t call : stage.calls) {
      rates.push_back(recording.calls[call].received.bits_per_second(from, stage.to));
    }
    sum += jain_index(rates) * seconds(stage.to - from);
    time += seconds(stage.to - from);
  }
  return ratio(sum, time);
}

RungMeasures measure_rung(const CallRecording& call, const Rung& rung, Duration until) {
  RungMeasures measures{.at_s = seconds(rung.at), .height = rung.height, .audio_bitrate = rung.audio_bitrate};
  std::optional<Duration> since;
  const auto look = [&](const Announcement& it) {
    const double off = std::abs(static_cast<double>(it.audio_bitrate) - static_cast<double>(rung.audio_bitrate));
    const bool sound = rung.audio_bitrate == 0 || off <= 0.05 * static_cast<double>(rung.audio_bitrate);
    if (it.height != rung.height || !sound) return since.reset();
    if (!since) since = std::max(it.at, rung.at);
  };
  for (const Announcement& it : call.announced) {
    if (it.at < until) look(it);
  }
  if (since) measures.reached_s = seconds(*since - rung.at);
  return measures;
}

}  // namespace

void measure_changes(const Recording& recording, Measures& measures) {
  std::vector<Stage> all;
  for (const Direction direction : {Direction::kForward, Direction::kBackward}) {
    if (!recording.scenario.path(direction).rate) continue;
    std::ranges::copy_if(stages(recording, direction), std::back_inserter(all),
                         [](const Stage& stage) { return !stage.calls.empty(); });
  }
  for (const Stage& stage : all) measures.changes.push_back(measure_change(recording, stage));
  add_convergence(recording, all, measures);
  measures.jain = jain_over(recording, all);
  const std::vector<Rung>& ladder = recording.scenario.ladder;
  for (std::size_t i = 0; i < ladder.size() && !recording.calls.empty(); ++i) {
    const Duration until = i + 1 < ladder.size() ? ladder[i + 1].at : recording.scenario.duration;
    measures.ladder.push_back(measure_rung(recording.calls.front(), ladder[i], until));
  }
}

}  // namespace tidewire::simulate
