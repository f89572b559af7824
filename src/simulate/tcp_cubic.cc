#include "simulate/tcp_cubic.h"

#include <algorithm>

namespace tidewire::simulate {

TcpCubic::TcpCubic(sim::Link& there, sim::Link& back, std::size_t bytes, Timestamp now)
    : there_(there),
      back_(back),
      segments_(bytes == 0 ? kNoEnd : static_cast<std::int64_t>((bytes + kPayload - 1) / kPayload)),
      start_(now),
      sent_at_(now) {}

Timestamp TcpCubic::next() const {
  if (done()) return kNever;
  Timestamp at = last_ == 0 ? start_ : sent_at_ + rto_;
  if (!arrivals_.empty()) at = std::min(at, arrivals_.top().first);
  if (!acks_.empty()) at = std::min(at, acks_.front().first);
  return std::max(at, start_);
}

void TcpCubic::step(Timestamp now) {
  while (!arrivals_.empty() && arrivals_.top().first <= now) {
    received_.push_back(arrivals_.top().second);
    arrivals_.pop();
    ++arrived_;
    // RFC 9293 §3.8.6.3: delayed, but not when the sender has nothing more to send before.
    if (arrived_ % 2 != 0 && in_flight_.size() > 2) continue;
    if (const auto ack = back_.carry(kAck, now)) acks_.emplace_back(*ack, arrived_);
  }
  while (!acks_.empty() && acks_.front().first <= now) {
    const std::uint64_t upto = acks_.front().second;
    acks_.pop_front();
    handle_ack(upto, now);
  }
  if (last_ > 0 && !done() && now >= sent_at_ + rto_) handle_timeout(now);
  while (last_ < segments_ && flight() + kSegment <= cwnd_) send(now);
}

void TcpCubic::send(Timestamp now) {
  in_flight_.emplace(++last_, now);
  sent_at_ = now;
  if (const auto arrival = there_.carry(kSegment, now)) arrivals_.emplace(*arrival, last_);
}

void TcpCubic::note_lost(std::int64_t segments) {
  if (segments_ != kNoEnd) segments_ += segments;
}

bool TcpCubic::declare_losses() {
  bool is_new = false;
  while (!in_flight_.empty() && in_flight_.begin()->first + kDupThresh <= highest_) {
    is_new |= in_flight_.begin()->first > recovery_;
    in_flight_.erase(in_flight_.begin());
    note_lost(1);
  }
  return is_new;
}

// Everything that had arrived when this ACK was sent, as `upto` counts it.
void TcpCubic::handle_ack(std::uint64_t upto, Timestamp now) {
  std::size_t acked = 0;
  Duration rtt{};
  for (; handled_ < upto; ++handled_, received_.pop_front()) {
    const auto found = in_flight_.find(received_.front());
    highest_ = std::max(highest_, received_.front());
    if (found == in_flight_.end()) continue;
    rtt = now - found->second;
    in_flight_.erase(found);
    acked += kSegment;
  }
  if (acked == 0) return;
  sent_at_ = now;  // the timer starts again
  srtt_ = srtt_ == Duration{} ? rtt : srtt_ * 7 / 8 + rtt / 8;
  rto_ = std::max<Duration>(2 * srtt_, srtt_ + std::chrono::milliseconds(200));
  if (declare_losses()) {
    recovery_ = last_;
    cwnd_ = ssthresh_ = cubic_.on_congestion(cwnd_);
  } else if (in_flight_.empty() || in_flight_.begin()->first > recovery_) {
    grow(acked, rtt, now);
  }
}

void TcpCubic::grow(std::size_t acked, Duration rtt, Timestamp now) {
  if (ssthresh_ == SIZE_MAX) {
    hystart_.on_round_progress(in_flight_.empty() ? last_ : in_flight_.begin()->first - 1, last_);
    hystart_.on_rtt(rtt);
    if (hystart_.done()) ssthresh_ = cwnd_;
  }
  if (cwnd_ < ssthresh_) {
    cwnd_ += ssthresh_ == SIZE_MAX ? hystart_.growth(acked) : acked;
  } else {
    cwnd_ = cubic_.on_ack(cwnd_, acked, srtt_, now);
  }
}

void TcpCubic::handle_timeout(Timestamp now) {
  ssthresh_ = cubic_.on_timeout(cwnd_);
  cwnd_ = kSegment;
  recovery_ = last_;
  note_lost(static_cast<std::int64_t>(in_flight_.size()));
  in_flight_.clear();
  rto_ = std::min<Duration>(rto_ * 2, std::chrono::seconds(60));
  sent_at_ = now;
}

}  // namespace tidewire::simulate
