// What to send at when a peer has agreed to give feedback about packets, and gives none: its receiver reports still say
// what part of them was lost. The rule is that of draft-ietf-rmcat-gcc-02 §6, which knows nothing else either.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "congestion/controller.h"
#include "tidewire/time.h"

namespace tidewire::congestion {

class ReportedLoss {
 public:
  // Feedback about packets comes ten times a second. Without any for so long since the first packet none will come.
  static constexpr Duration kPatience = std::chrono::seconds{3};
  // Each stream has its reports; the rate takes a step this often.
  static constexpr Duration kInterval = std::chrono::seconds{1};
  static constexpr double kLittle = 0.02;  // the path may carry more
  static constexpr double kMuch = 0.10;    // it carries less
  static constexpr double kGrowth = 1.05;
  static constexpr double kPacing = 2.5;

  void handle_sent(Timestamp now) {
    if (!first_sent_) first_sent_ = now;
  }
  // From a peer that gives it once, it is waited for: then silence is the path's.
  void handle_feedback() {
    heard_ = true;
    rate_.reset();
  }
  void handle_report(double fraction, const Limits& limits, Timestamp now) {
    if (heard_ || !first_sent_ || now - *first_sent_ < kPatience) return;
    worst_ = std::max(worst_, fraction);
    if (rate_ && now - stepped_ < kInterval) return;
    double rate = rate_.value_or(static_cast<double>(limits.start));
    if (worst_ > kMuch) {
      rate *= 1 - worst_ / 2;
    } else if (worst_ < kLittle && rate < static_cast<double>(limits.wanted)) {
      rate *= kGrowth;
    }
    rate_ = std::clamp(rate, static_cast<double>(limits.min), static_cast<double>(std::max(limits.min, limits.max)));
    stepped_ = now;
    worst_ = 0;
  }

  bool active() const { return rate_.has_value(); }
  Estimate estimate(const Limits& limits) const {
    const auto rate = static_cast<std::uint64_t>(rate_.value_or(static_cast<double>(limits.start)));
    return {.target_bitrate = rate, .pacing_bitrate = static_cast<std::uint64_t>(kPacing * static_cast<double>(rate))};
  }

 private:
  std::optional<Timestamp> first_sent_;
  bool heard_ = false;
  std::optional<double> rate_;
  Timestamp stepped_{};
  double worst_ = 0;  // since the last step
};

}  // namespace tidewire::congestion
