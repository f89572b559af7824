#include "doctor/binding_probe.h"

#include <algorithm>

namespace tidewire::doctor {

std::optional<Duration> median(std::vector<Duration>& values) {
  if (values.empty()) return std::nullopt;
  std::ranges::sort(values);
  return values[values.size() / 2];
}

BindingProbe::BindingProbe(const BindingProbeConfig& config, crypto::Random random, PacketPool& pool)
    : config_(config), questions_(config.local, config.stream, std::move(random), pool) {}

void BindingProbe::start(Timestamp now) {
  if (asked_ == 0) ask(now);
}

void BindingProbe::ask(Timestamp now) {
  ++asked_;
  questions_.ask({.to = config_.server, .from = config_.server, .patience = config_.patience}, now);
}

bool BindingProbe::handle_input(const Datagram& datagram, Timestamp now) {
  const bool taken = questions_.handle_input(datagram, now);
  if (taken) proceed(now);
  return taken;
}

void BindingProbe::handle_timeout(Timestamp now) {
  questions_.handle_timeout(now);
  proceed(now);
}

void BindingProbe::proceed(Timestamp now) {
  if (done_ || asked_ == 0 || !questions_.are_settled()) return;
  const auto& answer = questions_.answer(asked_ - 1);
  if (answer) {
    findings_.answered = true;
    if (answer->mapped) findings_.mapped = answer->mapped;
    findings_.error_code = answer->error_code;
    if (answer->measured) round_trips_.push_back(answer->round_trip);
  }
  // Who has never answered is not asked again.
  if (findings_.answered && asked_ < kSamples) return ask(now);
  findings_.round_trip = median(round_trips_);
  done_ = true;
}

std::optional<BindingFindings> BindingProbe::poll_event() {
  if (!done_ || told_) return std::nullopt;
  told_ = true;
  return findings_;
}

}  // namespace tidewire::doctor
