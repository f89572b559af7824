// How the rate grows: slowly near where a queue was last, quickly beyond it, and at once to what bursts and probes
// show.
#include <algorithm>
#include <cmath>

#include "congestion/tidewire/tidewire_controller.h"

namespace tidewire::congestion {
namespace {

using namespace std::chrono_literals;

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

// Of what a probe was carried at without a queue: its rate is no limit, but its packets are few.
constexpr double kUseOfProbe = 0.92;
// And of what was more than the rate, one half: others see the room, too. The next probe takes half of the rest.
constexpr double kShareOfRoom = 0.5;
// A probe or burst that arrives this much of its rate was carried.
constexpr double kCarried = 0.9;

// Without congestion for so long, the path may have become faster.
constexpr Duration kUndisturbed = 1200ms;
// The same when no queue was seen for so long: a path that is full always has a little of one.
constexpr Duration kIdle = 800ms;
constexpr double kNoQueue = 0.002;
// So often a probe does instead. Of 25 ms each, they are 0.6 % of the rate.
constexpr Duration kProbeWhenLimited = 4s;

}  // namespace

void TidewireController::grow(const Report& report) {
  const double allowed = threshold() / 2;
  if (mode_ != Mode::kSteady || queue_seconds() > allowed) return;
  best_ = std::max(rate_, best_ * (1 - 0.05 * report.elapsed));
  if (application_limited() || losses_.trying() || rate_ >= static_cast<double>(limits_.wanted)) {
    headroom_ = 0;
    return;
  }
  // More carefully the closer the queue is to what it may be.
  const double care = 1.4 - 1.0 * queue_seconds() / allowed;
  const double next = std::max(rate_ + step_up(report.now) * care * report.elapsed, use_headroom(report.now));
  set_rate(std::max(rate_, std::min(next, 1.5 * delivered(500ms))));
}

// In bits per second, per second.
double TidewireController::step_up(Timestamp now) const {
  // Near where the queue grew last: almost the same for all flows, whatever they have, so that they become equal.
  const double fair = 60'000 * std::sqrt(rate_ / 1e6);
  if (ceiling_ > 0 && rate_ < 0.85 * ceiling_) return std::max(fair, 0.3 * rate_);
  if (ceiling_ > 0 && rate_ < 0.95 * ceiling_) return std::max(fair, 0.1 * rate_);
  if (ceiling_ > 0 && rate_ < 1.08 * ceiling_) return fair;
  // Beyond it the path has become faster: ever quicker while nothing happens.
  return std::max(fair, rate_ * std::min(0.5, 0.05 * std::exp2(seconds(now - undisturbed_since_) / 2)));
}

// What frames' bursts show to be free: the rate to go to at once, 0 for none.
double TidewireController::use_headroom(Timestamp now) {
  const auto burst = bursts_.rates();
  const bool shown = burst && burst->arrived > 1.25 * rate_ && burst->arrived > 0.92 * burst->sent;
  headroom_ = shown ? headroom_ + 1 : 0;
  if (queue_seconds() > kNoQueue) idle_since_ = now;
  if (headroom_ < 2) {
    const bool idle = now - std::max({idle_since_, undisturbed_since_, probes_.last_planned()}) > kIdle;
    if (idle && !probes_.busy()) probes_.plan(2 * rate_, now);
    return 0;
  }
  // Others have yielded as we did: take back what was ours, no more.
  if (now - undisturbed_since_ < std::max<Duration>(kUndisturbed, 4 * reaction_time())) {
    return std::min(0.85 * burst->arrived, 0.9 * best_);
  }
  if (!probes_.busy()) {
    headroom_ = 0;
    probes_.plan(2 * rate_, now);
  }
  return 0;
}

void TidewireController::use_probe(const ProbePlanner::Result& result, Timestamp now) {
  if (mode_ == Mode::kStarting) return use_first_probe(result, now);
  if (mode_ != Mode::kSteady) return;
  const double found = std::min(result.sent, result.arrived);
  if (result.arrived > kCarried * result.sent) {
    const bool far = result.sent > 1.5 * rate_;
    set_rate(rate_ + kShareOfRoom * std::max(kUseOfProbe * found - rate_, 0.0));
    if (far) probes_.plan(2 * rate_, now);
  } else if (found > 1.1 * rate_) {
    // A burst at p beside others' y through C arrives at A = C p / (p + y). With y up to A, at least A² / p is free.
    set_rate(std::max(rate_, kUse * found * found / result.sent));
    probes_.plan(found, now);
  } else if (found < 0.9 * rate_) {
    ceiling_ = found;
    set_rate(std::max(kUse * found, 0.5 * rate_));
  }
}

void TidewireController::use_first_probe(const ProbePlanner::Result& result, Timestamp now) {
  const double found = std::min(result.sent, result.arrived);
  const bool carried = result.arrived > kCarried * result.sent;
  if (carried) {
    set_rate(kUseOfProbe * found);
    if (rate_ < static_cast<double>(limits_.wanted)) return probes_.plan(2.2 * rate_, now);
  } else {
    ceiling_ = found;
    set_rate(kUse * found);
  }
  mode_ = Mode::kSteady;
  disturbed(now);
  // The probes' own queue is no congestion.
  settle_until_ = now + reaction_time();
  cut_queue_ = std::max<Duration>(queue_now_, 30ms);
}

void TidewireController::plan_probe(Timestamp now) {
  probes_.handle_timeout(now);
  if (probes_.busy()) return;
  if (mode_ == Mode::kStarting) mode_ = Mode::kSteady;  // the probe was lost
  if (mode_ != Mode::kSteady || !application_limited() || now - probes_.last_planned() < kProbeWhenLimited) return;
  const bool more = rate_ < 0.9 * static_cast<double>(limits_.wanted);
  probes_.plan((more ? 1.2 : 1.0) * rate_, now);
}

}  // namespace tidewire::congestion
