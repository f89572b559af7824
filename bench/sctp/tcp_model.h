// A TCP sender with CUBIC, HyStart++ and perfect selective acknowledgement, that always has something to send: what to
// compare SCTP with, and what it has to share a bottleneck with. Packets are only counted.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <deque>
#include <map>
#include <queue>
#include <utility>
#include <vector>

#include "sctp/path_for_test.h"
#include "sctp/tx/cubic.h"
#include "sctp/tx/hystart.h"

namespace tidewire::sctp {

class TcpModel : public Path::Neighbour {
 public:
  explicit TcpModel(Path& path) : path_(path), start_(path.now), sent_at_(path.now) { path.neighbour = this; }

  std::uint64_t delivered_bytes() const { return arrived_ * kPayload; }

  Timestamp next() const override {
    Timestamp at = sent_at_ + rto_;
    if (!arrivals_.empty()) at = std::min(at, arrivals_.top().first);
    if (!acks_.empty()) at = std::min(at, acks_.front().first);
    return std::max(at, start_);
  }

  void step(Timestamp now) override {
    while (!arrivals_.empty() && arrivals_.top().first <= now) {
      received_.push_back(arrivals_.top().second);
      arrivals_.pop();
      ++arrived_;
      // RFC 9293 §3.8.6.3: delayed, but not when the sender has nothing more to send before.
      if (arrived_ % 2 != 0 && in_flight_.size() > 2) continue;
      if (const auto ack = path_.back.carry(kAck, now)) acks_.emplace_back(*ack, arrived_);
    }
    while (!acks_.empty() && acks_.front().first <= now) {
      const std::uint64_t upto = acks_.front().second;
      acks_.pop_front();
      handle_ack(upto, now);
    }
    if (now >= sent_at_ + rto_) handle_timeout(now);
    while (flight() + kSegment <= cwnd_) send(now);
  }

 private:
  static constexpr std::size_t kPayload = 1448;
  static constexpr std::size_t kSegment = 1500;
  static constexpr std::size_t kAck = 52;
  static constexpr std::int64_t kDupThresh = 3;

  std::size_t flight() const { return in_flight_.size() * kSegment; }

  void send(Timestamp now) {
    in_flight_.emplace(++last_, now);
    sent_at_ = now;
    if (const auto arrival = path_.there.carry(kSegment, now)) arrivals_.emplace(*arrival, last_);
  }

  // Everything that had arrived when this ACK was sent, as `upto` counts it.
  void handle_ack(std::uint64_t upto, Timestamp now) {
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
    bool lost = false;
    while (!in_flight_.empty() && in_flight_.begin()->first + kDupThresh <= highest_) {
      lost |= in_flight_.begin()->first > recovery_;
      in_flight_.erase(in_flight_.begin());
    }
    if (lost) {
      recovery_ = last_;
      cwnd_ = ssthresh_ = cubic_.on_congestion(cwnd_);
    } else if (in_flight_.empty() || in_flight_.begin()->first > recovery_) {
      grow(acked, rtt, now);
    }
  }

  void grow(std::size_t acked, Duration rtt, Timestamp now) {
    if (ssthresh_ == SIZE_MAX) {
      hystart_.on_round_progress(in_flight_.empty() ? last_ : in_flight_.begin()->first - 1, last_);
      hystart_.on_rtt(rtt);
      if (hystart_.done()) ssthresh_ = cwnd_;
    }
    if (cwnd_ < ssthresh_)
      cwnd_ += ssthresh_ == SIZE_MAX ? hystart_.growth(acked) : acked;
    else
      cwnd_ = cubic_.on_ack(cwnd_, acked, srtt_, now);
  }

  void handle_timeout(Timestamp now) {
    ssthresh_ = cubic_.on_timeout(cwnd_);
    cwnd_ = kSegment;
    recovery_ = last_;
    in_flight_.clear();
    rto_ = std::min<Duration>(rto_ * 2, std::chrono::seconds(60));
    sent_at_ = now;
  }

  using Event = std::pair<Timestamp, std::int64_t>;

  Path& path_;
  Timestamp start_;
  Timestamp sent_at_;
  std::size_t cwnd_ = 10 * kSegment;
  std::size_t ssthresh_ = SIZE_MAX;
  Cubic cubic_{kSegment};
  HyStart hystart_{false};
  Duration srtt_{};
  Duration rto_ = std::chrono::seconds(1);
  std::map<std::int64_t, Timestamp> in_flight_;  // by the order of sending
  std::int64_t last_ = 0;
  std::int64_t highest_ = 0;  // that was acknowledged
  std::int64_t recovery_ = 0;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> arrivals_;
  std::deque<std::int64_t> received_;  // and not yet acknowledged
  std::deque<std::pair<Timestamp, std::uint64_t>> acks_;
  std::uint64_t arrived_ = 0;
  std::uint64_t handled_ = 0;
};

}  // namespace tidewire::sctp
