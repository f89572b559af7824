#include "congestion/google/google_controller.h"

#include <algorithm>
#include <cmath>

#include "congestion/google/units.h"

namespace tidewire::congestion::google {

namespace {

bool arrived_before(const PacketResult& a, const PacketResult& b) { return *a.arrival < *b.arrival; }

}  // namespace

GoogleController::Path::Path(const Limits& limits, const Options& options)
    : delay(static_cast<double>(limits.start), static_cast<double>(limits.min)),
      target(static_cast<double>(limits.start)) {
  if (options.window_queue) window.emplace(*options.window_queue);
  loss.set_limits(static_cast<double>(limits.min), static_cast<double>(limits.max));
  alr.set_estimate(target);
}

GoogleController::GoogleController(const Limits& limits, Timestamp now, const Options& options)
    : limits_(limits), options_(options), path_(limits, options), prober_(limits, now), now_(now) {}

void GoogleController::set_limits(const Limits& limits, Timestamp now) {
  now_ = now;
  limits_ = limits;
  path_.delay.set_least(static_cast<double>(limits.min));
  path_.loss.set_limits(static_cast<double>(limits.min), static_cast<double>(limits.max));
  prober_.set_limits(limits, now);
  set_target(path_.target, now);
}

void GoogleController::path_changed(Timestamp now) {
  now_ = now;
  path_ = Path(limits_, options_);
  prober_.restart(now);
}

void GoogleController::handle_sent(const SentPacket& packet) {
  now_ = packet.sent;
  path_.silence.handle_sent(packet.sent);
  path_.alr.add(packet.size, packet.sent);
  prober_.set_alr(path_.alr.since(), packet.sent);
}

void GoogleController::handle_feedback(const Feedback& feedback) {
  now_ = feedback.received;
  if (feedback.results.empty()) return;
  sort_arrived(feedback);
  learn_round_trip(feedback);
  const std::optional<double> probed = learn_rates(now_);

  const DelayBased::Outcome outcome = path_.delay.update(arrived_, path_.acknowledged, probed, now_);
  if (path_.acknowledged) path_.loss.set_acknowledged(*path_.acknowledged);
  const bool limited = path_.alr.since().has_value();
  path_.loss.update(feedback.results, path_.delay.rate(), limited);

  // A report of packets that left long ago says nothing of now: the rate stays low until the round trip is short.
  const double found = std::min(path_.loss.rate(), path_.delay.rate());
  const double target = path_.silence.active() ? std::min(found, path_.target) : found;
  if (path_.window) path_.window->update(target, feedback.bytes_in_flight);
  set_target(target, now_);
  if (outcome.recovered) prober_.recovered(now_);
}

// Delay and rates are read in the order of arrival.
void GoogleController::sort_arrived(const Feedback& feedback) {
  arrived_.clear();
  for (const PacketResult& packet : feedback.results) {
    if (packet.arrival) arrived_.push_back(packet);
  }
  if (!std::is_sorted(arrived_.begin(), arrived_.end(), arrived_before)) {
    std::stable_sort(arrived_.begin(), arrived_.end(), arrived_before);
  }
}

void GoogleController::learn_round_trip(const Feedback& feedback) {
  if (arrived_.empty()) return;
  Timestamp newest = arrived_.front().sent;
  for (const PacketResult& packet : arrived_) newest = std::max(newest, packet.sent);
  const Duration rtt = std::max(feedback.received - newest, Duration::zero());
  path_.delay.set_round_trip_time(rtt);
  path_.silence.handle_feedback(feedback.received, rtt);
  if (path_.window) path_.window->add_round_trip(rtt);
}

// What arrives, and what a probe found.
std::optional<double> GoogleController::learn_rates(Timestamp now) {
  const bool limited = path_.alr.since().has_value();
  if (path_.was_limited && !limited) path_.bayesian.expect_sudden_change();
  path_.was_limited = limited;
  prober_.set_alr(path_.alr.since(), now);
  std::optional<double> probed;
  for (const PacketResult& packet : arrived_) {
    if (options_.bayesian_throughput) {
      path_.bayesian.add(*packet.arrival, packet.size, limited);
    } else {
      path_.throughput.add(packet);
    }
    if (const auto measured = path_.probes.add(packet)) probed = measured;
  }
  path_.acknowledged = options_.bayesian_throughput ? path_.bayesian.rate() : path_.throughput.rate();
  if (probed && path_.acknowledged) {
    probed = std::max(*probed, std::min(path_.delay.rate(), kProbeFloor * *path_.acknowledged));
  }
  return probed;
}

Limit GoogleController::limit() const {
  if (path_.silence.active()) return Limit::kSilence;
  if (path_.delay.usage() != Usage::kNormal) return Limit::kDelay;
  return path_.loss.state() == LossBased::State::kDelayBased ? Limit::kNothing : Limit::kLoss;
}

void GoogleController::set_target(double target, Timestamp now) {
  const auto greatest = static_cast<double>(limits_.max);
  path_.target = std::clamp(target, std::min(static_cast<double>(limits_.min), greatest), greatest);
  path_.alr.set_estimate(path_.target);
  prober_.set_estimate(path_.target, limit(), now);
}

void GoogleController::handle_timeout(Timestamp now) {
  now_ = now;
  if (path_.silence.lower(now)) {
    set_target(std::max(path_.target * SilenceBackoff::kFactor, SilenceBackoff::kLeastRate), now);
  }
  prober_.handle_timeout(now);
}

Timestamp GoogleController::next_timeout() const {
  return std::min(prober_.next_timeout(), path_.silence.next_timeout(now_));
}

Estimate GoogleController::estimate() const {
  const double target = path_.window ? path_.window->pushed_back(path_.target) : path_.target;
  Estimate estimate;
  estimate.target_bitrate = static_cast<std::uint64_t>(std::llround(target));
  estimate.pacing_bitrate = static_cast<std::uint64_t>(std::llround(kPacing * path_.target));
  // Growing again after loss, what the application lacks is padded, so that growth is tested.
  if (path_.loss.state() == LossBased::State::kIncreasing) estimate.padding_bitrate = estimate.target_bitrate;
  if (path_.window && path_.window->bytes()) estimate.congestion_window = *path_.window->bytes();
  return estimate;
}

std::optional<ProbeCluster> GoogleController::poll_probe() {
  const std::optional<ProbeCluster> cluster = prober_.poll();
  if (!options_.probing) return std::nullopt;
  if (cluster) path_.probes.expect(*cluster);
  return cluster;
}

std::unique_ptr<Controller> make(const Limits& limits, Timestamp now, const Options& options) {
  return std::make_unique<GoogleController>(limits, now, options);
}

}  // namespace tidewire::congestion::google
