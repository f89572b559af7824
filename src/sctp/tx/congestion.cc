#include "sctp/tx/congestion.h"

#include <algorithm>
#include <utility>

namespace tidewire::sctp {

Congestion::Congestion(const Config& config, std::size_t segment)
    : algorithm_(config.congestion),
      segment_(segment),
      initial_(segment * config.initial_cwnd),
      cwnd_(initial_),
      cubic_(segment),
      reno_(segment),
      hystart_(config.pacing) {}

void Congestion::on_sent(std::size_t bytes, std::size_t flight) {
  peak_ = std::max(peak_, flight);
  if (recovery_ == Recovery::kFast) prr_.on_sent(bytes);
}

// RFC 9438 §5.8, RFC 7661 §4.2: a window that was not used says nothing of the path, and does not grow. Slow start may
// run ahead of what is used by its next doubling.
bool Congestion::window_used() const {
  const std::size_t used = std::max(peak_, previous_peak_);
  return in_slow_start() ? 2 * used > cwnd_ : used + 2 * segment_ > cwnd_;
}

bool Congestion::on_ack(const Ack& ack) {
  bool ended = false;
  if (recovery_ != Recovery::kNone && ack.cumulative >= recovery_point_) {
    if (recovery_ == Recovery::kFast) cwnd_ = ssthresh_;  // RFC 9937
    recovery_ = Recovery::kNone;
    ended = true;
  }
  if (recovery_ == Recovery::kFast) {
    cwnd_ = prr_.on_ack(ack.acked, ack.flight, ssthresh_, ack.advanced && !ack.found_lost, segment_);
    cwnd_ = std::max(cwnd_, 2 * segment_);
  } else if (beside_media_ && ack.min_rtt > Duration{}) {
    follow_queue(ack);
  } else if (window_used()) {
    if (ack.acked > 0 && !ended) grow(ack);
  } else {
    cubic_.skip(ack.now - last_ack_);
  }
  last_ack_ = ack.now;
  if (ack.cumulative >= round_end_) {
    round_end_ = ack.last_sent + 1;
    previous_peak_ = peak_;
    peak_ = ack.flight;
  }
  return ended;
}

void Congestion::set_beside_media(bool beside_media) {
  if (beside_media == std::exchange(beside_media_, beside_media)) return;
  // Each begins with the window that the other leaves.
  queue_limit_ = QueueLimit();
  cubic_ = Cubic(segment_);
}

void Congestion::follow_queue(const Ack& ack) {
  constexpr std::size_t kFloor = 4;  // packets: of data something goes on, whoever fills the queue
  const auto change = queue_limit_.on_ack(ack.cumulative, ack.last_sent, ack.rtt, ack.min_rtt);
  if (in_slow_start()) {
    if (window_used() && queue_limit_.queue() < QueueLimit::kTarget / 2) return grow(ack);
    ssthresh_ = cwnd_;
  }
  if (!change || (*change > 0 && !window_used())) return;
  double step = static_cast<double>(cwnd_) * *change;
  if (step > 0) step = std::max(step, static_cast<double>(segment_) / 2);  // a small window grows, too
  cwnd_ = std::max(static_cast<std::size_t>(static_cast<double>(cwnd_) + step), kFloor * segment_);
  ssthresh_ = std::min(ssthresh_, cwnd_);
}

void Congestion::grow(const Ack& ack) {
  // RFC 9406 §4.3: in the first slow start only.
  const bool hystart = algorithm_ == CongestionAlgorithm::kCubic && ssthresh_ == SIZE_MAX;
  if (hystart) {
    hystart_.on_round_progress(ack.cumulative, ack.last_sent);
    if (ack.rtt) hystart_.on_rtt(*ack.rtt);
    if (hystart_.done()) ssthresh_ = cwnd_;
  }
  if (in_slow_start()) {
    // RFC 9406 §4.2: no limit for each SACK, for what is sent is paced. RFC 9260 §7.2.1: one packet.
    const std::size_t step = hystart                                     ? hystart_.growth(ack.acked)
                             : algorithm_ == CongestionAlgorithm::kCubic ? ack.acked
                                                                         : std::min(ack.acked, segment_);
    cwnd_ = std::min(cwnd_ + step, std::max(ssthresh_, cwnd_));
  } else if (algorithm_ == CongestionAlgorithm::kCubic) {
    cwnd_ = cubic_.on_ack(cwnd_, ack.acked, ack.srtt, ack.now);
  } else {
    cwnd_ = reno_.on_ack(cwnd_, ack.acked);
  }
}

bool Congestion::on_loss(Tsn last_sent, std::size_t flight) {
  if (recovery_ != Recovery::kNone) return false;
  saved_ = Saved{cwnd_, ssthresh_, cubic_};
  // RFC 9438 §4.6: what counts is what was in flight, not a window that was never used.
  const std::size_t used = std::min(cwnd_, std::max(flight, std::max(peak_, previous_peak_)));
  ssthresh_ = algorithm_ == CongestionAlgorithm::kCubic ? cubic_.on_congestion(used) : reno_.on_congestion(used);
  recovery_ = Recovery::kFast;
  recovery_point_ = last_sent;
  prr_.begin(flight);
  return true;
}

// RFC 9260 §7.2.3, RFC 9438 §4.8: the window is one packet beyond what still counts as on its way.
void Congestion::on_timeout(Tsn last_sent, std::size_t flight) {
  if (recovery_ != Recovery::kTimeout) {
    saved_ = Saved{cwnd_, ssthresh_, cubic_};
    ssthresh_ = algorithm_ == CongestionAlgorithm::kCubic ? cubic_.on_timeout(cwnd_) : reno_.on_congestion(cwnd_);
  }
  cwnd_ = flight + segment_;
  recovery_ = Recovery::kTimeout;
  recovery_point_ = last_sent;
}

// RFC 9260 §7.2.1: halved for every timeout's length without sending. DEVIATES in the floor, which is the window that a
// new association has, and in that ssthresh remembers most of the old window, as RFC 7661 §4.4.2 has it.
void Congestion::on_idle(std::int64_t timeouts) {
  if (timeouts <= 0 || cwnd_ <= initial_) return;
  if (ssthresh_ != SIZE_MAX) ssthresh_ = std::max(ssthresh_, cwnd_ / 4 * 3);
  for (; timeouts > 0 && cwnd_ > initial_; --timeouts) cwnd_ = std::max(cwnd_ / 2, initial_);
}

// RFC 9438 §4.9
void Congestion::undo() {
  if (!saved_) return;
  cwnd_ = std::max(cwnd_, saved_->cwnd);
  ssthresh_ = saved_->ssthresh;
  cubic_ = saved_->cubic;
  saved_.reset();
  recovery_ = Recovery::kNone;
}

}  // namespace tidewire::sctp
