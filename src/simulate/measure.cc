#include "simulate/measure.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "simulate/arithmetic.h"
#include "simulate/changes.h"
#include "simulate/fake_media.h"
#include "simulate/measure_changes.h"
#include "simulate/pictures.h"

namespace tidewire::simulate {
namespace {

using std::chrono::milliseconds;

constexpr Duration kSecond = std::chrono::seconds(1);
constexpr Duration kExcessWindow = milliseconds(100);
constexpr Duration kLeastShareWindow = 5 * kSecond;
// Where a call is looked at.
Span counted(const Recording& recording, const CallRecording& call) {
  return {std::max(call.started + recording.scenario.measured_from, Duration::zero()), call.ended};
}

struct Shares {
  double bits = 0;
  double capacity = 0;
  double time = 0;
};

// What a call had of the bottleneck while it was active.
Shares shares_of(const Recording& recording, const CallRecording& call) {
  Shares shares;
  const Span span = counted(recording, call);
  std::vector<Span> parts{span};
  for (const Span& pause : call.pauses) {
    Span& last = parts.back();
    if (pause.from >= last.to || pause.to <= last.from) continue;
    const Span rest{pause.to, last.to};
    last.to = pause.from;
    parts.push_back(rest);
  }
  for (const Span& part : parts) {
    if (part.to <= part.from) continue;
    shares.bits += static_cast<double>(call.received.between(part.from, part.to)) * 8;
    shares.capacity += recording.capacity_bits(call.direction, part.from, part.to);
    shares.time += seconds(part.to - part.from);
  }
  return shares;
}

double least_share(const Recording& recording, const CallRecording& call) {
  double least = kNothing;
  const Span span = counted(recording, call);
  for (Duration at = span.from; at + kLeastShareWindow <= span.to; at += kSecond / 2) {
    const Duration end = at + kLeastShareWindow;
    if (std::ranges::any_of(call.pauses, [&](const Span& p) { return p.from < end && at < p.to + kLeastShareWindow; }))
      continue;
    const double capacity = recording.capacity_bits(call.direction, at, end);
    const double share = ratio(static_cast<double>(call.received.between(at, end)) * 8, capacity);
    least = std::fmin(least, share);  // of a number and nothing, the number
  }
  return least;
}

// The longest time for which the calls together sent more than 105 % of the capacity.
double excess_ms(const Recording& recording, Direction direction, const std::vector<const CallRecording*>& calls) {
  if (!recording.scenario.path(direction).rate || recording.scenario.path(direction).is_trace) return 0;
  int run = 0;
  int longest = 0;
  for (Duration at{}; at + kExcessWindow <= recording.scenario.duration; at += Series::kSlot) {
    double sent = 0;
    for (const CallRecording* call : calls) sent += static_cast<double>(call->sent.between(at, at + kExcessWindow)) * 8;
    const double capacity = recording.capacity_bits(direction, at, at + kExcessWindow);
    // In an outage whatever is sent is too much.
    run = capacity > 0 && sent > capacity * 1.05 ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return in_ms(Series::kSlot) * longest;
}

double longest_silence_ms(const CallRecording& call) {
  Duration longest{};
  for (std::size_t i = 1; i < call.sound.size(); ++i) {
    const Span gap{call.sound[i - 1].captured, call.sound[i].captured};
    if (std::ranges::any_of(call.pauses, [&](const Span& p) { return p.from < gap.to && gap.from < p.to; })) continue;
    longest = std::max(longest, call.sound[i].due - call.sound[i - 1].due);
  }
  return std::max(in_ms(longest) - in_ms(FakeMicrophone::kPeriod), 0.0);
}

// What percentiles are taken of.
struct Samples {
  std::vector<double> queue_ms;
  std::vector<double> frame_delay_ms;
  std::vector<double> transit_ms;
};

Samples samples_of(const Recording& recording, const CallRecording& call) {
  Samples samples;
  const Span span = counted(recording, call);
  for (const QueueSample& it : call.queue) {
    if (!it.dropped && it.at >= span.from && it.at < span.to) samples.queue_ms.push_back(in_ms(it.queued));
  }
  for (const FrameSample& it : call.frames) {
    if (it.captured < span.from) continue;
    samples.frame_delay_ms.push_back(in_ms(it.due - it.captured));
    samples.transit_ms.push_back(in_ms(it.arrived - it.captured));
  }
  return samples;
}

double active_seconds(const CallRecording& call) {
  double sum = seconds(call.ended - call.started);
  for (const Span& pause : call.pauses) {
    const Duration within = std::min(pause.to, call.ended) - std::max(pause.from, call.started);
    if (within > Duration::zero()) sum -= seconds(within);
  }
  return sum;
}

CallMeasures measure_call(const Recording& recording, const CallRecording& call, const Samples& samples) {
  CallMeasures measures{.name = call.name,
                        .controller = call.controller,
                        .direction = to_string(call.direction),
                        .connected = call.connected};
  if (!call.connected) return measures;
  const Shares shares = shares_of(recording, call);
  const Pictures pictures = look_at_pictures(call);
  const double active = active_seconds(call);
  measures.rate = ratio(shares.bits, shares.time);
  measures.utilisation = ratio(shares.bits, shares.capacity);
  measures.least_share = least_share(recording, call);
  measures.queue_ms = percentiles(samples.queue_ms);
  measures.frame_delay_ms = percentiles(samples.frame_delay_ms);
  measures.transit_ms = percentiles(samples.transit_ms);
  measures.loss = ratio(static_cast<double>(call.packets_lost), static_cast<double>(call.packets_sent));
  measures.freeze_ratio = ratio(pictures.frozen_seconds(call.started, call.ended), active);
  measures.freezes = static_cast<double>(pictures.frozen.size());
  measures.frame_rate = ratio(static_cast<double>(call.frames.size()), active);
  for (const Span& pause : pictures.paused) measures.paused_s += seconds(pause.to - pause.from);
  measures.size_changes = pictures.size_changes;
  const auto missing = static_cast<double>(call.sound_missing);
  const double of_sound = ratio(missing, missing + static_cast<double>(call.sound.size()));
  measures.sound_missing = std::isnan(of_sound) ? 0 : of_sound;
  measures.longest_silence_ms = longest_silence_ms(call);
  measures.feedback = ratio(static_cast<double>(call.feedback.between(call.started, call.ended)),
                            static_cast<double>(call.sent.between(call.started, call.ended)));
  measures.retransmitted = ratio(static_cast<double>(call.retransmitted_bytes), static_cast<double>(call.media_bytes));
  measures.above_105_ms = excess_ms(recording, call.direction, {&call});
  return measures;
}

// What all calls of a direction had together, while there were any.
Shares shares_of_all(const Recording& recording, Direction direction, double& above_105_ms) {
  Span used{Duration::max(), Duration::min()};
  std::vector<const CallRecording*> calls;
  for (const CallRecording& call : recording.calls) {
    if (!call.connected || call.direction != direction) continue;
    const Span span = counted(recording, call);
    used = {std::min(used.from, span.from), std::max(used.to, span.to)};
    calls.push_back(&call);
  }
  if (calls.empty() || used.to <= used.from) return {};
  above_105_ms = std::max(above_105_ms, excess_ms(recording, direction, calls));
  Shares shares{.capacity = recording.capacity_bits(direction, used.from, used.to),
                .time = seconds(used.to - used.from)};
  for (const CallRecording* call : calls)
    shares.bits += static_cast<double>(call->received.between(used.from, used.to)) * 8;
  return shares;
}

// Rates and shares are of all calls together; where there is no sum, it is the worst one.
CallMeasures measure_all(const Recording& recording, const std::vector<CallMeasures>& each, Samples samples) {
  CallMeasures all{.name = "all", .connected = true, .rate = 0};
  Shares shares;
  double lost = 0, sent = 0, feedback = 0, bytes = 0, active = 0, frozen = 0, frames = 0, resent = 0, media = 0;
  for (std::size_t i = 0; i < each.size(); ++i) {
    const CallRecording& call = recording.calls[i];
    all.connected = all.connected && call.connected;
    if (!call.connected) continue;
    lost += static_cast<double>(call.packets_lost);
    sent += static_cast<double>(call.packets_sent);
    feedback += static_cast<double>(call.feedback.between(call.started, call.ended));
    bytes += static_cast<double>(call.sent.between(call.started, call.ended));
    active += active_seconds(call);
    frozen += each[i].freeze_ratio * active_seconds(call);
    frames += static_cast<double>(call.frames.size());
    resent += static_cast<double>(call.retransmitted_bytes);
    media += static_cast<double>(call.media_bytes);
    all.freezes += each[i].freezes;
    all.paused_s += each[i].paused_s;
    all.size_changes += each[i].size_changes;
    all.sound_missing = std::max(all.sound_missing, each[i].sound_missing);
    all.longest_silence_ms = std::max(all.longest_silence_ms, each[i].longest_silence_ms);
    all.least_share = std::fmin(all.least_share, each[i].least_share);  // of a number and nothing, the number
  }
  for (const Direction direction : {Direction::kForward, Direction::kBackward}) {
    const Shares its = shares_of_all(recording, direction, all.above_105_ms);
    shares.bits += its.bits;
    shares.capacity += its.capacity;
    all.rate += its.time > 0 ? its.bits / its.time : 0;
  }
  all.utilisation = ratio(shares.bits, shares.capacity);
  all.loss = ratio(lost, sent);
  all.feedback = ratio(feedback, bytes);
  all.freeze_ratio = ratio(frozen, active);
  all.frame_rate = ratio(frames, active);
  all.retransmitted = ratio(resent, media);
  all.queue_ms = percentiles(std::move(samples.queue_ms));
  all.frame_delay_ms = percentiles(std::move(samples.frame_delay_ms));
  all.transit_ms = percentiles(std::move(samples.transit_ms));
  return all;
}

double tcp_utilisation(const Recording& recording) {
  if (recording.tcps.empty()) return kNothing;
  const Duration from = recording.scenario.measured_from;
  const Duration to = recording.scenario.duration;
  double bits = 0;
  for (const TcpRecording& tcp : recording.tcps) bits += static_cast<double>(tcp.received.between(from, to)) * 8;
  return ratio(bits, recording.capacity_bits(recording.tcps.front().direction, from, to));
}

}  // namespace

Percentiles percentiles(std::vector<double> values) {
  if (values.empty()) return {};
  std::ranges::sort(values);
  const auto at = [&](std::size_t percent) { return values[(values.size() - 1) * percent / 100]; };
  return {at(50), at(95), at(99)};
}

double jain_index(const std::vector<double>& shares) {
  double sum = 0, squares = 0;
  for (const double share : shares) {
    sum += share;
    squares += share * share;
  }
  return ratio(sum * sum, squares * static_cast<double>(shares.size()));
}

Measures measure(const Recording& recording) {
  Measures measures;
  Samples together;
  for (const CallRecording& call : recording.calls) {
    const Samples its = samples_of(recording, call);
    measures.calls.push_back(measure_call(recording, call, its));
    const auto add = [](std::vector<double>& to, const std::vector<double>& from) {
      to.insert(to.end(), from.begin(), from.end());
    };
    add(together.queue_ms, its.queue_ms);
    add(together.frame_delay_ms, its.frame_delay_ms);
    add(together.transit_ms, its.transit_ms);
  }
  measures.all = measure_all(recording, measures.calls, std::move(together));
  measure_changes(recording, measures);
  measures.tcp_utilisation = tcp_utilisation(recording);
  return measures;
}

}  // namespace tidewire::simulate
