#include "congestion/google/probe_controller.h"

#include <algorithm>

namespace tidewire::congestion::google {

namespace {

double greatest_of(const Limits& limits) {
  return limits.max >= Limits{}.max ? ProbeController::kGreatest : static_cast<double>(limits.max);
}

}  // namespace

ProbeController::ProbeController(const Limits& limits, Timestamp now)
    : limits_(limits), greatest_(greatest_of(limits)) {
  restart(now);
}

void ProbeController::restart(Timestamp now) {
  clusters_.clear();
  estimate_ = static_cast<double>(limits_.start);
  limit_ = Limit::kNothing;
  alr_since_.reset();
  alr_ended_.reset();
  dropped_.reset();
  probed_after_drop_.reset();
  probed_.reset();
  waiting_ = false;
  probe(kFirstScale * estimate_, kSecondScale * estimate_, true, now);
}

void ProbeController::set_limits(const Limits& limits, Timestamp now) {
  const double greatest_before = greatest_;
  const bool wants_more = limits.wanted > limits_.wanted;
  limits_ = limits;
  greatest_ = greatest_of(limits);
  if (waiting_) return;
  if (greatest_ > greatest_before && estimate_ < greatest_) {
    probe(greatest_, 0, false, now);
  } else if (wants_more && alr_since_ && estimate_ < greatest_ && estimate_ < static_cast<double>(limits.wanted)) {
    const double wanted = static_cast<double>(limits.wanted);
    const double most = kWantedScale * estimate_;
    probe(std::min(wanted, most), wanted < most ? std::min(kWantedScale * wanted, most) : 0, false, now);
  }
}

void ProbeController::set_estimate(double rate, Limit limit, Timestamp now) {
  limit_ = limit;
  if (rate < kDrop * estimate_) {
    dropped_ = now;
    before_drop_ = estimate_;
  }
  estimate_ = rate;
  if (waiting_ && rate > threshold_) probe(kFurtherScale * rate, 0, true, now);
}

void ProbeController::set_alr(std::optional<Timestamp> since, Timestamp now) {
  if (alr_since_ && !since) alr_ended_ = now;
  alr_since_ = since;
}

void ProbeController::recovered(Timestamp now) {
  const bool limited = alr_since_ || (alr_ended_ && now - *alr_ended_ < kAlrRecent);
  if (!limited || waiting_ || !dropped_ || now - *dropped_ >= kAfterDrop) return;
  if (probed_after_drop_ && now - *probed_after_drop_ <= kAfterDrop) return;
  const double rate = kAfterDropScale * before_drop_;
  if ((1 - kUncertainty) * rate <= estimate_) return;
  probed_after_drop_ = now;
  probe(rate, 0, false, now);
}

void ProbeController::probe(double rate, double second, bool further, Timestamp now) {
  not_before_ = now + kRetry;
  const double greatest = std::min(greatest_, kWantedScale * static_cast<double>(limits_.wanted));
  if (limit_ != Limit::kNothing || greatest <= 0) return;
  if (!add_cluster(rate, greatest)) further = false;
  if (second > 0 && !add_cluster(second, greatest)) further = false;
  waiting_ = further;
  threshold_ = kFurtherThreshold * std::max(rate, second);
  probed_ = now;
}

// False when the rate is all that there may be.
bool ProbeController::add_cluster(double rate, double greatest) {
  const double bounded = std::min(rate, greatest);
  if (clusters_.size() == 2) clusters_.pop_front();
  clusters_.push_back({.id = ++last_id_,
                       .bitrate = static_cast<std::uint64_t>(bounded),
                       .min_packets = kPackets,
                       .min_bytes = static_cast<std::size_t>(bounded * in_seconds(kDuration) / 8)});
  return bounded < greatest;
}

Timestamp ProbeController::alr_probe_due() const {
  if (!alr_since_) return kNever;
  const Timestamp since = probed_ ? std::max(*alr_since_, *probed_) : *alr_since_;
  return std::max(since + kAlrInterval, not_before_);
}

void ProbeController::handle_timeout(Timestamp now) {
  if (waiting_ && now - *probed_ > kLongestWait) waiting_ = false;
  if (!waiting_ && now >= alr_probe_due()) probe(kAlrScale * estimate_, 0, true, now);
}

Timestamp ProbeController::next_timeout() const {
  return waiting_ ? *probed_ + kLongestWait + std::chrono::nanoseconds{1} : alr_probe_due();
}

std::optional<ProbeCluster> ProbeController::poll() {
  if (clusters_.empty()) return std::nullopt;
  return clusters_.pop_front();
}

}  // namespace tidewire::congestion::google
