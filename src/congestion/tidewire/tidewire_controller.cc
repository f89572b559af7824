#include "congestion/tidewire/tidewire_controller.h"

#include <algorithm>
#include <cmath>

namespace tidewire::congestion {
namespace {

using namespace std::chrono_literals;

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

constexpr std::size_t kPacket = 1200;

// While a frame leaves at this multiple of the rate, its packets show whether the path carries so much more. The queue
// that it makes at a full bottleneck is a third of a frame's time, 11 ms.
constexpr double kPacing = 1.5;
// Where bursts keep their pace on the way, the path carries more than we have use for, and a frame need not wait for
// itself: it may leave up to so much faster.
constexpr double kFastestPacing = 2.5;
constexpr double kFaster = 1.15;  // each report
constexpr double kKept = 0.92;
// Before anything is known a key frame is to be there soon, and what it does to the path is measured.
constexpr double kPacingStarting = 3;
// A path that marks does so before there is a queue, and one that loses much may have room for a few packets only; a
// frame should not fill it.
constexpr double kSmoothPacing = 1.1;
constexpr Duration kSmooth = 10s;  // after such losses
// Only one frame may: what takes longer to leave would make a queue.
constexpr Duration kFrame = 100ms;

// The standing queue that we allow, for any flow and beyond that for a slow one: as in Copa, a flow's share of the
// queue is a number of packets, here somewhat less than one, so that of several flows the larger ones yield first. With
// less it takes them half a minute to become equal, with more the queue of a slow one is too long.
constexpr double kQueueAny = 0.010;
constexpr double kQueueBits = 9'000;  // over the rate
constexpr double kQueueMax = 0.045;
// The first frame and the probes make a queue that says nothing yet about the rate.
constexpr double kQueueStarting = 0.06;
// At such multiples of what we allow a queue is no chance any more, and then no transfer that is soon over.
constexpr double kLong = 2;
constexpr double kVeryLong = 4;

// What a queue that is only just too long costs.
constexpr double kYield = 0.97;
// After the path became much slower so much may still leave, for a new picture of another size: what is in flight by
// then is lost for the most part, and holds up what follows.
constexpr double kSlower = 0.6;
constexpr double kSpare = 0.15;  // s, at the new rate
constexpr Duration kSpareFor = 400ms;
// The application uses less than this of its rate: what it sends says little about the rest.
constexpr double kLimited = 0.75;

}  // namespace

TidewireController::TidewireController(const Limits& limits, Timestamp now)
    : limits_(limits), sent_(now), last_feedback_(now) {
  path_changed(now);
}

void TidewireController::path_changed(Timestamp now) {
  queue_ = {};
  delivery_.reset();
  bursts_.reset();
  losses_ = {};
  competitors_ = {};
  competitive_ = {};
  mode_ = Mode::kStarting;
  ceiling_ = best_ = 0;
  queue_now_ = cut_queue_ = {};
  // Likely ones, until there are others; both are soon learned.
  round_trip_ = feedback_gap_ = 100ms;
  last_feedback_ = now;
  unanswered_ = false;
  settle_until_ = ignore_sent_before_ = nothing_waited_ = idle_since_ = spare_until_ = now;
  much_waits_ = false;
  marks_seen_ = smooth_ = false;
  frame_pacing_ = kPacing;
  marked_share_ = 0;
  disturbed(now);
  set_rate(static_cast<double>(limits_.start));
  probes_.plan(3 * rate_, now);
}

void TidewireController::set_limits(const Limits& limits, Timestamp /*now*/) {
  limits_ = limits;
  set_rate(rate_);
}

void TidewireController::set_rate(double rate) {
  const std::uint64_t most = std::max(limits_.min, limits_.max);
  rate_ = std::clamp(rate, static_cast<double>(limits_.min), static_cast<double>(most));
}

void TidewireController::disturbed(Timestamp now) {
  undisturbed_since_ = now;
  headroom_ = 0;
}

double TidewireController::queue_seconds() const { return seconds(queue_now_); }

// As long for near receivers as for far ones, so that all cut equally often while one queue lasts.
Duration TidewireController::reaction_time() const { return std::max<Duration>(round_trip_ + feedback_gap_, 250ms); }

double TidewireController::threshold() const {
  return std::min(kQueueAny + kQueueBits / rate_ + seconds(queue_.quiet()), kQueueMax);
}

bool TidewireController::application_limited() const { return sent_.bits_per_second() < kLimited * rate_; }

void TidewireController::handle_sent(const SentPacket& packet) {
  if (!unanswered_) {
    unanswered_ = true;
    last_feedback_ = std::max(last_feedback_, packet.sent);
  }
  in_flight_ = packet.bytes_in_flight;
  if (packet.application_limited) nothing_waited_ = packet.sent;
  much_waits_ = packet.sent - nothing_waited_ > kFrame;
  sent_.add(packet.size, packet.sent);
  probes_.handle_sent(packet);
}

void TidewireController::handle_feedback(const Feedback& feedback) {
  if (feedback.results.empty()) return;
  const Timestamp now = feedback.received;
  Report report{.now = now, .elapsed = std::clamp(seconds(now - last_feedback_), 0.0, 0.3)};
  if (mode_ == Mode::kSilent) {
    end_silence(now);
  } else {
    // Of eight reports, as a round trip's average is of eight (RFC 6298 §2.3).
    feedback_gap_ += (std::clamp<Duration>(now - last_feedback_, 20ms, 500ms) - feedback_gap_) / 8;
  }
  last_feedback_ = std::max(last_feedback_, now);
  in_flight_ = feedback.bytes_in_flight;
  unanswered_ = in_flight_ > 0;
  take_in(feedback, report);
  if (const auto result = probes_.take_result()) use_probe(*result, now);
  if (mode_ == Mode::kCompeting) {
    compete(report);
  } else {
    control(report);
    grow(report);
    react_to_loss(now);
  }
  react_to_marks(report);
  pace_frames();
  plan_probe(now);
}

void TidewireController::pace_frames() {
  const auto burst = bursts_.rates();
  if (mode_ != Mode::kSteady || !burst) return;
  if (burst->arrived > kKept * burst->sent) {
    frame_pacing_ = std::min(frame_pacing_ * kFaster, kFastestPacing);
  } else {
    frame_pacing_ = std::clamp(burst->arrived / rate_, kPacing, frame_pacing_);
  }
}

void TidewireController::take_in(const Feedback& feedback, Report& report) {
  for (const PacketResult& packet : feedback.results) {
    // Arrivals beyond a year of the receiver's clock are inventions, with which nothing could be calculated.
    constexpr Duration kYear = std::chrono::hours{24 * 365};
    if (packet.arrival && (*packet.arrival > kYear || *packet.arrival < -kYear)) continue;
    if (packet.sent < ignore_sent_before_) continue;
    bursts_.add(packet, 1.2 * rate_);
    probes_.handle_result(packet);
    if (!packet.arrival) {
      ++report.lost;
      continue;
    }
    ++report.arrived;
    report.marked += packet.congested ? 1 : 0;
    take_in_arrival(packet, feedback.received);
  }
  losses_.add(report.arrived, report.lost, feedback.received);
  queue_now_ = queue_.value();
  queue_.update_quiet();
}

void TidewireController::take_in_arrival(const PacketResult& packet, Timestamp now) {
  queue_.add(*packet.arrival, *packet.arrival - (packet.sent - Timestamp{}), now);
  delivery_.add(*packet.arrival, packet.size);
  const Duration round_trip = std::clamp<Duration>(now - packet.sent, 1ms, 2s);
  // Follows a shorter one at once, and a longer one over some thousand packets.
  round_trip_ = round_trip < round_trip_ ? round_trip : round_trip_ + (round_trip - round_trip_) / 2048;
}

void TidewireController::control(const Report& report) {
  const double queue = queue_seconds();
  if (queue > (mode_ == Mode::kStarting ? kQueueStarting : threshold())) {
    back_off(report.now);
  } else if (mode_ == Mode::kDraining && (queue < threshold() / 3 || report.now > settle_until_ + reaction_time())) {
    mode_ = Mode::kSteady;
  }
  competitors_.update(mode_ == Mode::kDraining && queue > threshold(), queue_now_, report.now);
  if (competitors_.found(report.now, competitive_.remembered(report.now))) begin_competing(report.now);
}

// The rate becomes what is delivered, and estimate() goes below it until the queue is gone.
void TidewireController::back_off(Timestamp now) {
  disturbed(now);
  frame_pacing_ = kPacing;
  // What an earlier cut did is not seen yet.
  if (now < settle_until_ && queue_now_ < cut_queue_ * 3 / 2) return;
  const double length = queue_seconds() / threshold();
  double base = std::min(rate_, delivered(length > kLong ? 150ms : 300ms));
  // A short queue may be one large frame's, and a longer one the beginning of a transfer that soon is over; a few
  // frames that were small do not say either that the path is slow.
  if (length < kVeryLong) base = std::max(base, (length < kLong ? 0.95 : 0.8) * rate_);
  if (mode_ != Mode::kDraining) ceiling_ = std::clamp(delivered(300ms), base, rate_);
  if (base < kSlower * rate_ && now > spare_until_) {
    spare_window_ = in_flight_ + static_cast<std::size_t>(base * kSpare / 8);
    spare_until_ = now + kSpareFor;
  }
  set_rate((length < kLong ? kYield : kUse) * base);
  mode_ = Mode::kDraining;
  cut_queue_ = queue_now_;
  settle_until_ = now + reaction_time();
}

void TidewireController::begin_competing(Timestamp now) {
  competitive_.begin(std::max(rate_, delivered(500ms)), now);
  competitors_ = {};
  set_rate(competitive_.rate());
  mode_ = Mode::kCompeting;
}

void TidewireController::compete(const Report& report) {
  losses_.ignore();
  if (queue_seconds() < threshold()) {
    mode_ = Mode::kSteady;
    ceiling_ = rate_;
    disturbed(report.now);
    return;
  }
  competitive_.update({.queue = queue_now_,
                       .round_trip = round_trip_,
                       .elapsed = report.elapsed,
                       .reaction = reaction_time(),
                       .lost = report.lost > 0},
                      report.now);
  competitive_.limit(static_cast<double>(std::min(limits_.max, limits_.wanted)));
  set_rate(competitive_.rate());
}

void TidewireController::react_to_loss(Timestamp now) {
  if (now < settle_until_ + reaction_time()) return losses_.ignore();
  const double cut = losses_.take_cut(reaction_time(), now);
  if (now - smooth_since_ > kSmooth || losses_.value() > 0) smooth_ = false;
  if (cut == 0) return;
  smooth_ = true;
  smooth_since_ = now;
  disturbed(now);
  set_rate(rate_ * (1 - cut));
}

void TidewireController::react_to_marks(const Report& report) {
  if (report.arrived == 0) return;
  marks_seen_ = marks_seen_ || report.marked > 0;
  const double share = static_cast<double>(report.marked) / static_cast<double>(report.arrived);
  // DCTCP's average and its reaction in proportion to it (RFC 8257 §3.3), with g = 1/4, for feedback comes about once
  // in a round trip.
  marked_share_ += (share - marked_share_) / 4;
  if (marked_share_ < 0.01 || report.now < settle_until_) return;
  disturbed(report.now);
  ceiling_ = rate_;
  set_rate(rate_ * (1 - marked_share_ / 2));
  settle_until_ = report.now + reaction_time();
}

void TidewireController::handle_timeout(Timestamp now) {
  probes_.handle_timeout(now);
  if (now < next_timeout()) return;
  if (mode_ != Mode::kSilent) probes_.give_up();
  mode_ = Mode::kSilent;
  // Sound goes on anyhow. For what has none, a packet now and then finds out when the path is there again.
  silent_window_ = in_flight_ + 1;
  next_knock_ = now + 300ms;
}

Timestamp TidewireController::next_timeout() const {
  if (mode_ == Mode::kSilent) return next_knock_;
  if (!unanswered_) return kNever;
  return last_feedback_ + std::max<Duration>(400ms, 2 * round_trip_ + 3 * feedback_gap_);
}

// The rate of before is taken up almost at once: most outages are not the bottleneck's doing. What the bottleneck held
// meanwhile says nothing about its rate.
void TidewireController::end_silence(Timestamp now) {
  mode_ = Mode::kSteady;
  next_knock_ = kNever;
  ignore_sent_before_ = now - round_trip_;
  settle_until_ = now + reaction_time();
  cut_queue_ = 30ms;
  delivery_.reset();
  bursts_.reset();
  disturbed(now);
  set_rate(0.9 * rate_);
}

std::size_t TidewireController::window_of(double rate, Duration beyond_round_trip, std::size_t packets) const {
  return static_cast<std::size_t>(rate * seconds(round_trip_ + beyond_round_trip) / 8) + packets * kPacket;
}

Estimate TidewireController::estimate() const {
  double target = rate_;
  double pacing = (marks_seen_ || smooth_ || much_waits_ ? kSmoothPacing : frame_pacing_) * rate_;
  double padding = 0;
  // What is sent until it is reported on, when two reports of three are lost; and what a frame may be larger than
  // others.
  std::size_t window = window_of(rate_, feedback_gap_ * 5 / 2 + 50ms, 6);
  switch (mode_) {
    case Mode::kStarting:
      window *= 3;
      pacing = kPacingStarting * rate_;
      break;
    case Mode::kSteady: break;
    case Mode::kDraining:
      // The queue is to be gone within 300 ms.
      target *= 1 - std::clamp(queue_seconds() / 0.3, 0.1, 0.6);
      pacing = 1.1 * target;
      window = window_of(rate_, std::max<Duration>(feedback_gap_, 100ms) + 50ms, 5);
      if (last_feedback_ < spare_until_) window = std::max(window, spare_window_);
      break;
    case Mode::kCompeting:
      window = window_of(rate_, feedback_gap_ * 5 / 2 + 50ms + queue_now_, 6);
      if (competitive_.testing()) target *= 0.4;
      pacing = 1.2 * target;
      break;
    case Mode::kSilent:
      pacing = target = 0.1 * rate_;
      padding = 20'000;
      window = silent_window_;
      break;
  }
  const auto bits = [this](double rate) {
    return std::clamp(static_cast<std::uint64_t>(rate), limits_.min, std::max(limits_.min, limits_.max));
  };
  return {.target_bitrate = bits(target),
          .pacing_bitrate = std::max(bits(target), static_cast<std::uint64_t>(pacing)),
          .padding_bitrate = static_cast<std::uint64_t>(padding),
          .congestion_window = window};
}

}  // namespace tidewire::congestion
