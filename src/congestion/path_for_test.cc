#include "congestion/path_for_test.h"

#include <algorithm>
#include <optional>
#include <span>

namespace tidewire::congestion::lab {
namespace {

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

// Arrivals are kept in order of time.
std::span<const FlowLog::Arrival> arrivals_in(const FlowLog& log, Interval interval) {
  const auto before = [](const FlowLog::Arrival& arrival, Timestamp at) { return arrival.at < at; };
  const auto& all = log.arrivals;
  const auto from = std::lower_bound(all.begin(), all.end(), Timestamp{interval.from}, before);
  const auto to = std::lower_bound(from, all.end(), Timestamp{interval.to}, before);
  return {from, to};
}

bool inside(Timestamp at, Interval interval) { return at >= Timestamp{interval.from} && at < Timestamp{interval.to}; }

double percentile(std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  const auto index = std::min(static_cast<std::size_t>(share * static_cast<double>(values.size())), values.size() - 1);
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(index), values.end());
  return values[index];
}

}  // namespace

Path::Path(const PathOptions& options)
    : options_(options), there_(options.there, options.seed * 1000 + 1), back_(options.back, options.seed * 1000 + 2) {
  int endpoint = 0;
  for (const FlowConfig& flow : options_.flows) {
    Bottleneck& there = flow.backward ? back_ : there_;
    Bottleneck& back = flow.backward ? there_ : back_;
    const std::uint64_t seed = options.seed * 1000 + 10 + static_cast<std::uint64_t>(endpoint);
    flows_.push_back(std::make_unique<MediaFlow>(endpoint++, flow, there, back, seed));
  }
  for (const TcpConfig& tcp : options_.tcps) {
    const std::uint64_t seed = options.seed * 1000 + 10 + static_cast<std::uint64_t>(endpoint);
    tcps_.push_back(std::make_unique<Tcp>(endpoint++, tcp, there_, back_, seed));
  }
}

void Path::run_until(Duration end) {
  for (;;) {
    Timestamp next = std::min(there_.next(), back_.next());
    for (const auto& flow : flows_) next = std::min(next, flow->next());
    for (const auto& tcp : tcps_) next = std::min(next, tcp->next());
    if (next > Timestamp{end}) break;
    now_ = std::max(now_, next);
    deliver(there_, true);
    deliver(back_, false);
    for (const auto& flow : flows_) {
      if (flow->next() <= now_) flow->step(now_);
    }
    for (const auto& tcp : tcps_) {
      if (tcp->next() <= now_) tcp->step(now_);
    }
  }
  now_ = Timestamp{end};
}

void Path::deliver(Bottleneck& link, bool forward) {
  while (const auto packet = link.receive(now_)) {
    const auto endpoint = static_cast<std::size_t>(packet->endpoint);
    if (endpoint >= flows_.size()) {
      Tcp& tcp = *tcps_[endpoint - flows_.size()];
      forward ? tcp.handle_arrival(*packet, now_) : tcp.handle_ack(*packet, now_);
    } else if (packet->payload.empty()) {
      flows_[endpoint]->handle_arrival(*packet, now_);
    } else {
      flows_[endpoint]->handle_feedback(*packet, now_);
    }
  }
}

double Path::throughput(std::size_t flow, Interval interval) const {
  double bytes = 0;
  for (const auto& arrival : arrivals_in(flows_[flow]->log(), interval)) bytes += arrival.bytes;
  return bytes * 8 / seconds(interval.to - interval.from);
}

double Path::capacity(std::size_t flow, Interval interval) const {
  const auto& schedule = (flows_[flow]->config().backward ? options_.back : options_.there).schedule;
  double bits = 0;
  for (std::size_t i = 0; i < schedule.size(); ++i) {
    const Duration from = std::max(schedule[i].at, interval.from);
    const Duration to = i + 1 < schedule.size() ? std::min(schedule[i + 1].at, interval.to) : interval.to;
    if (to > from) bits += seconds(to - from) * static_cast<double>(schedule[i].bits_per_second);
  }
  return bits / seconds(interval.to - interval.from);
}

double Path::queue_ms(std::size_t flow, double share, Interval interval) const {
  std::vector<double> values;
  for (const auto& arrival : arrivals_in(flows_[flow]->log(), interval)) {
    values.push_back(seconds(arrival.queued) * 1000);
  }
  return percentile(values, share);
}

double Path::frame_delay_ms(std::size_t flow, double share, Interval interval) const {
  std::vector<double> values;
  for (const auto& frame : flows_[flow]->log().frames) {
    if (inside(frame.captured, interval)) values.push_back(seconds(frame.delay) * 1000);
  }
  return percentile(values, share);
}

double Path::longest_gap_ms(std::size_t flow, Interval interval) const {
  double longest = 0;
  Timestamp last{interval.from};
  for (const auto& frame : flows_[flow]->log().frames) {
    const Timestamp shown = frame.captured + frame.delay;
    if (!inside(shown, interval)) continue;
    longest = std::max(longest, seconds(shown - last) * 1000);
    last = std::max(last, shown);
  }
  return longest;
}

double Path::drops(std::size_t flow, Interval interval) const {
  const auto count = [&](const std::vector<Timestamp>& times) {
    return static_cast<double>(
        std::count_if(times.begin(), times.end(), [&](Timestamp t) { return inside(t, interval); }));
  };
  return count(flows_[flow]->log().dropped) / std::max(count(flows_[flow]->log().sent), 1.0);
}

double Path::jain(Interval interval) const {
  double sum = 0;
  double squares = 0;
  for (std::size_t i = 0; i < flows_.size(); ++i) {
    const double rate = throughput(i, interval);
    sum += rate;
    squares += rate * rate;
  }
  return squares > 0 ? sum * sum / (squares * static_cast<double>(flows_.size())) : 0;
}

std::uint64_t Path::target(std::size_t flow, Duration at) const {
  std::uint64_t target = 0;
  for (const auto& change : flows_[flow]->log().targets) {
    if (change.at > Timestamp{at}) break;
    target = change.bits_per_second;
  }
  return target;
}

double Path::seconds_until_target(std::size_t flow, bool at_least, double bits_per_second, Interval interval) const {
  const auto holds = [&](std::uint64_t target) {
    return at_least ? static_cast<double>(target) >= bits_per_second : static_cast<double>(target) <= bits_per_second;
  };
  if (holds(target(flow, interval.from))) return 0;
  for (const auto& change : flows_[flow]->log().targets) {
    if (inside(change.at, interval) && holds(change.bits_per_second)) {
      return seconds(change.at - Timestamp{interval.from});
    }
  }
  return seconds(interval.to - interval.from);
}

double Path::seconds_until_throughput(std::size_t flow, double bits_per_second, Duration window,
                                      Interval interval) const {
  constexpr Duration kStep = std::chrono::milliseconds{50};
  for (Duration at = interval.from + window; at <= interval.to; at += kStep) {
    if (throughput(flow, {at - window, at}) >= bits_per_second) return seconds(at - interval.from);
  }
  return seconds(interval.to - interval.from);
}

double Path::longest_above(std::size_t flow, double bits_per_second, Interval interval) const {
  double longest = 0;
  std::optional<Timestamp> since;
  if (static_cast<double>(target(flow, interval.from)) > bits_per_second) since = Timestamp{interval.from};
  const auto end = [&](Timestamp at) {
    if (since) longest = std::max(longest, seconds(at - *since));
  };
  for (const auto& change : flows_[flow]->log().targets) {
    if (!inside(change.at, interval)) continue;
    if (static_cast<double>(change.bits_per_second) > bits_per_second) {
      if (!since) since = change.at;
    } else {
      end(change.at);
      since.reset();
    }
  }
  end(Timestamp{interval.to});
  return longest;
}

double Path::lowest_throughput(std::size_t flow, Duration window, Interval interval) const {
  double lowest = 1e18;
  for (Duration at = interval.from + window; at <= interval.to; at += window / 5) {
    lowest = std::min(lowest, throughput(flow, {at - window, at}));
  }
  return lowest;
}

double Path::seconds_until_queue_below(std::size_t flow, Duration queue, Interval interval) const {
  double last = 0;
  for (const auto& arrival : arrivals_in(flows_[flow]->log(), interval)) {
    if (arrival.queued > queue) last = seconds(arrival.at - Timestamp{interval.from});
  }
  return last;
}

double Path::seconds_until_converged(std::size_t flow, double bits_per_second, Interval interval) const {
  constexpr Duration kWindow = std::chrono::seconds{2};
  constexpr Duration kStep = std::chrono::milliseconds{200};
  double since = -1;
  for (Duration at = interval.from + kWindow; at <= interval.to; at += kStep) {
    const double rate = throughput(flow, {at - kWindow, at});
    if (rate < 0.8 * bits_per_second || rate > 1.2 * bits_per_second) {
      since = -1;
    } else if (since < 0) {
      since = seconds(at - interval.from);
    }
  }
  return since < 0 ? seconds(interval.to - interval.from) : since;
}

}  // namespace tidewire::congestion::lab
