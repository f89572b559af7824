// A TCP sender with CUBIC (RFC 9438), a delay-based end of slow start and perfect selective acknowledgement: what media
// has to share a bottleneck with. Packets are only counted.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <random>

#include "congestion/bottleneck_for_test.h"

namespace tidewire::congestion::lab {

struct TcpConfig {
  Timestamp start{};
  // Transfers of min to max bytes, with pauses of this mean between them; none: one that never ends.
  std::size_t min_bytes = 0;
  std::size_t max_bytes = 0;
  Duration mean_pause = std::chrono::seconds{10};
};

class Tcp {
 public:
  Tcp(int endpoint, const TcpConfig& config, Bottleneck& there, Bottleneck& back, std::uint64_t seed)
      : endpoint_(endpoint), config_(config), there_(there), back_(back), random_(seed), resume_(config.start) {
    begin_transfer();
  }

  Timestamp next() const {
    if (idle_) return resume_;
    return in_flight_.empty() ? resume_ : timer_;
  }

  void step(Timestamp now) {
    if (now < resume_) return;
    if (idle_) {
      idle_ = false;
      begin_transfer();
    }
    if (!in_flight_.empty() && now >= timer_) on_timeout(now);
    while (left_ > 0 && static_cast<double>(in_flight_.size()) < cwnd_) send(now);
    if (left_ == 0 && in_flight_.empty()) pause(now);
  }

  // At the receiving end; acknowledges each.
  void handle_arrival(const LabPacket& packet, Timestamp now) {
    delivered_bytes += packet.size;
    last_arrival = now;
    (void)back_.send({.endpoint = endpoint_, .number = packet.number, .size = 52, .sent = now}, now);
  }

  void handle_ack(const LabPacket& ack, Timestamp now) {
    const auto found = in_flight_.find(ack.number);
    if (found == in_flight_.end()) return;
    const double rtt = std::chrono::duration<double>(now - found->second).count();
    in_flight_.erase(found);
    srtt_ = srtt_ == 0 ? rtt : srtt_ * 7 / 8 + rtt / 8;
    min_rtt_ = std::min(min_rtt_, rtt);
    highest_ = std::max(highest_, ack.number);
    rearm(now);
    bool lost = false;
    while (!in_flight_.empty() && in_flight_.begin()->first + 3 <= highest_) {
      lost |= in_flight_.begin()->first > recovery_;
      in_flight_.erase(in_flight_.begin());
      left_ += kSegment;
    }
    if (lost) {
      on_congestion();
      recovery_ = last_;
    } else if (in_flight_.empty() || in_flight_.begin()->first > recovery_) {
      grow(rtt, now);
    }
    step(now);
  }

  std::uint64_t delivered_bytes = 0;
  Timestamp last_arrival{};

 private:
  static constexpr std::size_t kSegment = 1500;
  static constexpr double kBeta = 0.7;
  static constexpr double kC = 0.4;

  void begin_transfer() {
    if (config_.max_bytes == 0) {
      left_ = SIZE_MAX / 2;
    } else {
      left_ = config_.min_bytes +
              static_cast<std::size_t>(uniform(random_) * static_cast<double>(config_.max_bytes - config_.min_bytes));
    }
    cwnd_ = 10;
    ssthresh_ = 1e9;
    w_max_ = 0;
    epoch_.reset();
  }

  void pause(Timestamp now) {
    idle_ = true;
    const double mean = std::chrono::duration<double>(config_.mean_pause).count();
    resume_ = now + Duration{static_cast<Duration::rep>(-std::log(1 - uniform(random_)) * mean * 1e9)};
  }

  void send(Timestamp now) {
    if (in_flight_.empty()) rearm(now);
    in_flight_.emplace(++last_, now);
    left_ -= std::min(left_, kSegment);
    (void)there_.send({.endpoint = endpoint_, .number = last_, .size = kSegment, .sent = now}, now);
  }

  void rearm(Timestamp now) {
    const double rto = std::max(2 * srtt_, srtt_ + 0.2);
    timer_ = now + (srtt_ == 0 ? Duration{std::chrono::seconds{1}} : Duration{static_cast<Duration::rep>(rto * 1e9)});
  }

  void grow(double rtt, Timestamp now) {
    if (cwnd_ < ssthresh_) {
      cwnd_ += 1;
      // HyStart's threshold (RFC 9406 §4.3) on one sample, which is enough without jitter.
      if (cwnd_ > 16 && rtt > min_rtt_ + std::clamp(min_rtt_ / 8, 0.004, 0.016)) ssthresh_ = cwnd_;
      return;
    }
    if (!epoch_) {
      epoch_ = now;
      w_max_ = std::max(w_max_, cwnd_);
      k_ = std::cbrt((w_max_ - cwnd_) / kC);
      w_est_ = cwnd_;
    }
    const double t = std::chrono::duration<double>(now - *epoch_).count();
    w_est_ += 3 * (1 - kBeta) / (1 + kBeta) / cwnd_;
    const double target = std::clamp(kC * std::pow(t + srtt_ - k_, 3) + w_max_, cwnd_, 1.5 * cwnd_);
    cwnd_ = std::max(cwnd_ + (target - cwnd_) / cwnd_, w_est_);
  }

  void on_congestion() {
    w_max_ = cwnd_ < w_max_ ? cwnd_ * (1 + kBeta) / 2 : cwnd_;
    ssthresh_ = cwnd_ = std::max(cwnd_ * kBeta, 2.0);
    epoch_.reset();
  }

  void on_timeout(Timestamp now) {
    on_congestion();
    cwnd_ = 1;
    left_ += in_flight_.size() * kSegment;
    in_flight_.clear();
    recovery_ = last_;
    rearm(now);
  }

  int endpoint_;
  TcpConfig config_;
  Bottleneck& there_;
  Bottleneck& back_;
  std::mt19937_64 random_;
  Timestamp resume_;
  Timestamp timer_ = kNever;
  bool idle_ = false;
  std::size_t left_ = 0;
  double cwnd_ = 10;
  double ssthresh_ = 1e9;
  double w_max_ = 0;
  double w_est_ = 0;
  double k_ = 0;
  double srtt_ = 0;
  double min_rtt_ = 1e9;
  std::optional<Timestamp> epoch_;
  std::map<std::int64_t, Timestamp> in_flight_;
  std::int64_t last_ = 0;
  std::int64_t highest_ = 0;
  std::int64_t recovery_ = 0;
};

}  // namespace tidewire::congestion::lab
