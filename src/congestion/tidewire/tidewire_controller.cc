#include "congestion/tidewire/tidewire_controller.h"

#include <algorithm>
#include <cmath>

namespace tidewire::congestion {
namespace {

using namespace std::chrono_literals;

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

// While a frame leaves at this multiple of the rate, its packets show whether the path carries so much more. The queue
// that it makes at a full bottleneck is a third of a frame's time, 11 ms.
constexpr double kPacing = 1.5;
// A path that marks does so before there is a queue; a frame should not make one.
constexpr double kPacingWithMarks = 1.1;
// The standing queue that we allow, for any flow and beyond that for a slow one: as in Copa, a flow's share of the
// queue is a number of packets, so that of several flows the larger ones yield first.
constexpr double kQueueAny = 0.010;
constexpr double kQueueBits = 8'000;  // over the rate
constexpr double kQueueMax = 0.045;
constexpr double kQueueStarting = 0.06;
// Of what the path is measured to carry, what we take.
constexpr double kUse = 0.95;
// Of what a probe was carried at without a queue, what we take.
constexpr double kUseOfProbe = 0.92;
// What a queue that is only just too long costs.
constexpr double kYield = 0.97;

}  // namespace

TidewireController::TidewireController(const Limits& limits, Timestamp now)
    : limits_(limits), last_feedback_(now), last_sent_(now), sent_since_(now) {
  path_changed(now);
}

void TidewireController::path_changed(Timestamp now) {
  const Limits limits = limits_;
  ProbePlanner probes = probes_;  // numbers of clusters go on
  probes.give_up();
  queue_ = {};
  delivery_.reset();
  bursts_.reset();
  losses_.reset();
  competitors_.reset();
  limits_ = limits;
  probes_ = probes;
  mode_ = Mode::kStarting;
  ceiling_ = best_ = 0;
  marks_seen_ = false;
  marked_share_ = 0;
  round_trip_ = feedback_gap_ = 100ms;
  queue_now_ = {};
  unanswered_ = false;
  last_feedback_ = now;
  undisturbed_since_ = now;
  headroom_ = 0;
  set_rate(static_cast<double>(limits_.start));
  probes_.plan(3 * rate_, now);
}

void TidewireController::set_limits(const Limits& limits, Timestamp) {
  limits_ = limits;
  set_rate(rate_);
}

void TidewireController::set_rate(double rate) {
  rate_ = std::clamp(rate, static_cast<double>(limits_.min), static_cast<double>(std::max(limits_.min, limits_.max)));
}

double TidewireController::queue_seconds() const { return seconds(queue_now_); }

// As long for near receivers as for far ones, so that all cut equally often while one queue lasts.
Duration TidewireController::reaction_time() const { return std::max<Duration>(round_trip_ + feedback_gap_, 250ms); }

double TidewireController::threshold() const {
  return std::min(kQueueAny + kQueueBits / rate_ + seconds(queue_.quiet()), kQueueMax);
}

void TidewireController::handle_sent(const SentPacket& packet) {
  last_sent_ = packet.sent;
  if (!unanswered_) {
    unanswered_ = true;
    last_feedback_ = std::max(last_feedback_, packet.sent);
  }
  sent_bytes_ += packet.size;
  if (packet.sent - sent_since_ >= 200ms) {
    const double rate = static_cast<double>(sent_bytes_) * 8 / seconds(packet.sent - sent_since_);
    sent_rate_ = sent_rate_ == 0 ? rate : 0.5 * sent_rate_ + 0.5 * rate;
    sent_bytes_ = 0;
    sent_since_ = packet.sent;
  }
  probes_.handle_sent(packet);
}

void TidewireController::handle_feedback(const Feedback& feedback) {
  if (feedback.results.empty()) return;
  const Timestamp now = feedback.received;
  const double elapsed = std::clamp(seconds(now - last_feedback_), 0.0, 0.3);
  if (mode_ == Mode::kSilent) {
    end_silence(feedback);
  } else {
    const Duration gap = std::clamp<Duration>(now - last_feedback_, 20ms, 500ms);
    feedback_gap_ += (gap - feedback_gap_) / 8;
  }
  last_feedback_ = now;
  unanswered_ = feedback.bytes_in_flight > 0;
  take_in(feedback);
  if (const auto result = probes_.take_result()) use_probe(*result, now);
  if (mode_ == Mode::kCompeting || mode_ == Mode::kTesting) {
    compete(elapsed, now);
  } else {
    control(now);
    grow(elapsed, now);
  }
  react_to_marks(now);
  react_to_loss(now);
  plan_probe(now);
}

void TidewireController::take_in(const Feedback& feedback) {
  lost_ = 0;
  std::size_t arrived = 0;
  std::size_t marked = 0;
  for (const PacketResult& packet : feedback.results) {
    bursts_.add(packet, 1.2 * rate_);
    probes_.handle_result(packet);
    if (!packet.arrival) {
      ++lost_;
      continue;
    }
    ++arrived;
    marked += packet.congested ? 1 : 0;
    take_in_arrival(packet, feedback.received);
  }
  losses_.add(arrived, lost_, feedback.received);
  queue_now_ = queue_.value();
  queue_.update_quiet();
  marks_seen_ = marks_seen_ || marked > 0;
  if (arrived > 0) {
    const double share = static_cast<double>(marked) / static_cast<double>(arrived);
    // DCTCP's average (RFC 8257 §3.3), with g = 1/4: feedback comes about once in a round trip.
    marked_share_ += (share - marked_share_) / 4;
  }
}

void TidewireController::take_in_arrival(const PacketResult& packet, Timestamp now) {
  const Duration delay = *packet.arrival - (packet.sent - Timestamp{});
  if (packet.sent < ignore_sent_before_) return;
  queue_.add(*packet.arrival, delay, now);
  delivery_.add(*packet.arrival, packet.size);
  const Duration round_trip = std::clamp<Duration>(now - packet.sent, 1ms, 2s);
  // Follows a shorter one at once, and a longer one slowly.
  round_trip_ = round_trip < round_trip_ ? round_trip : round_trip_ + (round_trip - round_trip_) / 2048;
}

void TidewireController::control(Timestamp now) {
  const double queue = queue_seconds();
  // The first frame and the probes make a queue that says nothing yet about the rate.
  if (queue > (mode_ == Mode::kStarting ? kQueueStarting : threshold())) {
    back_off(now);
  } else if (mode_ == Mode::kDraining && (queue < threshold() / 3 || now > settle_until_ + reaction_time())) {
    mode_ = Mode::kSteady;
  }
  competitors_.update(queue_now_, mode_ == Mode::kDraining, now);
  if (competitors_.found(now, now - competed_ < 10s)) begin_competing(now);
}

void TidewireController::back_off(Timestamp now) {
  undisturbed_since_ = now;
  headroom_ = 0;
  // What an earlier cut did is not seen yet.
  if (now < settle_until_ && queue_now_ < cut_queue_ * 3 / 2) return;
  const double depth = queue_seconds() / threshold();
  double base = std::min(rate_, delivered(depth > 2 ? 150ms : 300ms));
  // A short queue may be one large frame's, and a longer one the beginning of a transfer that soon is over; a few
  // frames that were small do not say either that the path is slow.
  if (depth < 4) base = std::max(base, (depth < 2 ? 0.95 : 0.7) * rate_);
  if (mode_ != Mode::kDraining) ceiling_ = std::clamp(delivered(300ms), base, rate_);
  set_rate((depth < 2 ? kYield : kUse) * base);
  mode_ = Mode::kDraining;
  cut_queue_ = queue_now_;
  settle_until_ = now + reaction_time();
}

void TidewireController::grow(double elapsed, Timestamp now) {
  const double queue = queue_seconds();
  if (mode_ == Mode::kDraining || mode_ == Mode::kStarting || queue > threshold() / 2) return;
  best_ = std::max(rate_, best_ * (1 - 0.05 * elapsed));
  const bool limited = sent_rate_ < 0.75 * rate_;
  if (limited || rate_ >= static_cast<double>(limits_.wanted)) {
    headroom_ = 0;
    return;
  }
  // Near where the queue grew last: the same for all flows, whatever they have, so that they become equal.
  double step = 60'000 * std::sqrt(rate_ / 1e6);
  if (ceiling_ > 0 && rate_ < 0.95 * ceiling_) {
    step = std::max(step, (rate_ < 0.85 * ceiling_ ? 0.3 : 0.1) * rate_);
  } else if (ceiling_ == 0 || rate_ > 1.08 * ceiling_) {
    ceiling_ = 0;
    // Beyond it the path has become faster: ever quicker while nothing happens.
    step = std::max(step, rate_ * std::min(0.5, 0.05 * std::exp2(seconds(now - undisturbed_since_) / 2)));
  }
  // More carefully the closer the queue is to what it may be.
  double next = rate_ + step * (1.6 - 1.2 * queue / (threshold() / 2)) * elapsed;
  const auto burst = bursts_.rates();
  if (getenv("DBG") && burst)
    fprintf(stderr, "%f rate %.0f sent %.0f arr %.0f head %d und %.2f probe busy %d ceil %.0f\n",
            seconds(now - Timestamp{}), rate_, burst->sent, burst->arrived, headroom_,
            seconds(now - undisturbed_since_), probes_.busy(), ceiling_);
  const bool headroom = burst && burst->arrived > 1.25 * rate_ && burst->arrived > 0.92 * burst->sent;
  headroom_ = headroom ? headroom_ + 1 : 0;
  if (headroom_ >= 2) {
    if (now - undisturbed_since_ < std::max<Duration>(1200ms, 4 * reaction_time())) {
      // Others have yielded as we did: take back what was ours, no more.
      next = std::max(next, std::min(0.85 * burst->arrived, 0.9 * best_));
    } else if (!probes_.busy()) {
      headroom_ = 0;
      probes_.plan(2 * rate_, now);
    }
  }
  set_rate(std::max(rate_, std::min(next, 1.5 * delivered(500ms))));
}

void TidewireController::begin_competing(Timestamp now) {
  mode_ = Mode::kCompeting;
  competitors_.reset();
  last_test_ = now;
  const double before = now - competed_ < 10s ? competitive_rate_ : 0;
  set_rate(std::max({rate_, before, delivered(500ms)}));
}

void TidewireController::compete(double elapsed, Timestamp now) {
  const double queue = queue_seconds();
  competed_ = now;
  if (mode_ == Mode::kCompeting) competitive_rate_ = rate_;
  if (queue < threshold()) {
    mode_ = Mode::kSteady;
    ceiling_ = rate_;
    undisturbed_since_ = now;
    return;
  }
  if (mode_ == Mode::kTesting) {
    if (now >= test_end_) mode_ = Mode::kCompeting;
    return;
  }
  const double round_trip = seconds(round_trip_) + queue;
  if (lost_ == 0) {
    set_rate(rate_ + 1.6 * 9600 / (round_trip * round_trip) * elapsed);
  } else if (now >= settle_until_) {
    set_rate(0.8 * rate_);
    settle_until_ = now + reaction_time() + queue_now_;
  } else {
    return;
  }
  if (now - last_test_ > 6s || (lost_ > 0 && now - last_test_ > 3s)) {
    last_test_ = now;
    test_end_ = now + reaction_time() + queue_now_;
    mode_ = Mode::kTesting;
  }
}

void TidewireController::react_to_loss(Timestamp now) {
  const double excess = losses_.take_excess();
  if (excess == 0 || mode_ == Mode::kCompeting || mode_ == Mode::kTesting) return;
  if (lowered_for_loss_) {
    // Less was sent, and as much is lost.
    losses_.learn();
    lowered_for_loss_ = false;
    return;
  }
  lowered_for_loss_ = true;
  undisturbed_since_ = now;
  set_rate(rate_ * (1 - std::min(excess, 0.3)));
}

void TidewireController::react_to_marks(Timestamp now) {
  if (marked_share_ < 0.01 || now < settle_until_) return;
  // RFC 8257 §3.3: in proportion to the share that is marked.
  undisturbed_since_ = now;
  headroom_ = 0;
  ceiling_ = rate_;
  set_rate(rate_ * (1 - marked_share_ / 2));
  settle_until_ = now + reaction_time();
}

void TidewireController::use_probe(const ProbePlanner::Result& result, Timestamp now) {
  const bool carried = result.arrived > 0.9 * result.sent;
  const double rate_before = rate_;
  if (getenv("DBG"))
    fprintf(stderr, "%f probe sent %.0f arr %.0f\n", seconds(now - Timestamp{}), result.sent, result.arrived);
  const double found = std::min(result.sent, result.arrived);
  if (mode_ == Mode::kStarting) {
    set_rate(std::max(carried ? 0.0 : 0.5 * rate_, (carried ? kUseOfProbe : kUse) * found));
    if (carried && rate_ < static_cast<double>(limits_.wanted)) {
      probes_.plan(2.2 * rate_, now);
    } else {
      ceiling_ = carried ? 0 : found;
      mode_ = Mode::kSteady;
      undisturbed_since_ = now;
      // The probes' own queue is no congestion.
      settle_until_ = now + reaction_time();
      cut_queue_ = std::max<Duration>(queue_now_, 30ms);
    }
    return;
  }
  if (mode_ != Mode::kSteady) return;
  if (carried) {
    set_rate(std::max(rate_, kUseOfProbe * found));
    if (result.sent > 1.5 * rate_before) probes_.plan(2 * rate_, now);
  } else if (found > 1.1 * rate_) {
    // Of what others send, a burst takes the place: A = C p / (p + y). With y up to A, at least A²/p is free.
    set_rate(std::max(rate_, kUse * found * found / result.sent));
    probes_.plan(found, now);
  } else if (found < 0.9 * rate_) {
    ceiling_ = found;
    set_rate(std::max(kUse * found, 0.5 * rate_));
  }
}

void TidewireController::plan_probe(Timestamp now) {
  probes_.handle_timeout(now);
  if (probes_.busy()) return;
  if (mode_ == Mode::kStarting) {
    mode_ = Mode::kSteady;
    return;
  }
  // An application that sends little learns little from it.
  if (mode_ == Mode::kSteady && sent_rate_ < 0.75 * rate_ && now - probes_.last_planned() > 4s) {
    const double more = rate_ < 0.9 * static_cast<double>(limits_.wanted) ? 1.2 : 1.0;
    probes_.plan(more * rate_, now);
  }
}

void TidewireController::end_silence(const Feedback& feedback) {
  mode_ = mode_before_silence_ == Mode::kStarting ? Mode::kSteady : mode_before_silence_;
  ignore_sent_before_ = feedback.received - round_trip_;
  settle_until_ = feedback.received + reaction_time();
  undisturbed_since_ = feedback.received;
  delivery_.reset();
  bursts_.reset();
  set_rate(0.9 * rate_);
}

void TidewireController::handle_timeout(Timestamp now) {
  probes_.handle_timeout(now);
  if (mode_ == Mode::kSilent || !unanswered_ || now < next_timeout()) return;
  mode_before_silence_ = mode_;
  mode_ = Mode::kSilent;
}

Timestamp TidewireController::next_timeout() const {
  if (mode_ == Mode::kSilent || !unanswered_) return kNever;
  return last_feedback_ + std::max<Duration>(400ms, 2 * round_trip_ + 3 * feedback_gap_);
}

Estimate TidewireController::estimate() const {
  double target = rate_;
  double pacing = (marks_seen_ ? kPacingWithMarks : kPacing) * rate_;
  double window = rate_ * (seconds(round_trip_) + 2.5 * seconds(feedback_gap_) + 0.05) / 8 + 6 * 1200;
  switch (mode_) {
    case Mode::kStarting: window *= 3; break;
    case Mode::kSteady: break;
    case Mode::kDraining:
      target = rate_ * (1 - std::clamp(queue_seconds() / 0.3, 0.1, 0.6));
      pacing = 1.1 * target;
      window = rate_ * (seconds(round_trip_) + seconds(feedback_gap_) + 0.01) / 8 + 3 * 1200;
      break;
    case Mode::kCompeting:
      pacing = 1.2 * rate_;
      window += rate_ * queue_seconds() / 8;
      break;
    case Mode::kTesting:
      target = 0.4 * rate_;
      pacing = 0.5 * rate_;
      break;
    case Mode::kSilent:
      target = std::max(0.1 * rate_, 30'000.0);
      pacing = target;
      window = 0;
      break;
  }
  const auto bits = [this](double rate) {
    return std::clamp(static_cast<std::uint64_t>(std::max(rate, 0.0)), limits_.min, std::max(limits_.min, limits_.max));
  };
  return {.target_bitrate = bits(target),
          .pacing_bitrate = std::max(bits(target), static_cast<std::uint64_t>(pacing)),
          .padding_bitrate = 0,
          .congestion_window = static_cast<std::size_t>(window)};
}

}  // namespace tidewire::congestion
