// One direction of a path that congestion control is tried on, in virtual time: a bottleneck whose rate follows a
// schedule, with a queue before it, and a delay, loss and jitter behind it.
//
// What waits is served at the rate of the moment, so that a change of rate lengthens or shortens a queue that stands.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <queue>
#include <random>
#include <utility>
#include <vector>

#include "tidewire/datagram.h"
#include "tidewire/time.h"

namespace tidewire::congestion::lab {

inline double uniform(std::mt19937_64& random) { return static_cast<double>(random() >> 11) * 0x1p-53; }

inline Duration time_for(std::size_t bytes, std::uint64_t bits_per_second) {
  return Duration{static_cast<Duration::rep>(bytes * 8 * 1'000'000'000 / std::max<std::uint64_t>(bits_per_second, 1))};
}

struct RateChange {
  Duration at{};
  std::uint64_t bits_per_second = 0;  // 0: an outage; what waits stays
};

struct BottleneckConfig {
  std::vector<RateChange> schedule{{Duration{}, 1'000'000'000}};
  Duration queue = std::chrono::milliseconds{300};  // what it holds, at the rate of the moment
  Duration delay = std::chrono::milliseconds{50};
  Duration jitter{};  // even in [0, jitter], order kept
  double loss = 0;
  double burst_enter = 0;  // Gilbert's model
  double burst_leave = 0.3;
  Duration longer_from = Duration::max();  // from then on the delay is `longer` more: the route has changed
  Duration longer{};
  Duration mark_above{};  // packets that waited longer are marked (RFC 9331 §5.2); 0: none is
};

// Sizes are those of IP packets.
struct LabPacket {
  int endpoint = 0;  // of the path's endpoints, to which it goes
  std::int64_t number = 0;
  std::size_t size = 0;
  Timestamp sent{};
  Duration extra_delay{};  // of this endpoint's path, beyond the shared one
  Bytes payload{};         // feedback only
  Duration queued{};       // set by the bottleneck: the wait and not the transmission
  bool marked = false;
};

class Bottleneck {
 public:
  Bottleneck(BottleneckConfig config, std::uint64_t seed) : config_(std::move(config)), random_(seed) {}

  std::uint64_t rate(Timestamp now) const {
    std::uint64_t rate = 0;
    for (const RateChange& change : config_.schedule) {
      if (Timestamp{change.at} <= now) rate = change.bits_per_second;
    }
    return rate;
  }

  // False: dropped for want of room.
  bool send(LabPacket packet, Timestamp now) {
    advance(now);
    const std::uint64_t bits_per_second = rate(now);
    // An outage holds what the last rate would have.
    if (bits_per_second > 0) room_ = static_cast<std::size_t>(bytes_in(config_.queue, bits_per_second));
    if (queued_bytes_ + packet.size > room_ && !queue_.empty()) return false;
    queued_bytes_ += packet.size;
    packet.queued = Duration{(now - Timestamp{})};  // until it is served
    queue_.push_back(std::move(packet));
    serve(now);
    return true;
  }

  Timestamp next() const {
    const Timestamp arrival = in_flight_.empty() ? kNever : in_flight_.top().at;
    return std::min(arrival, service_end_);
  }

  std::optional<LabPacket> receive(Timestamp now) {
    advance(now);
    if (in_flight_.empty() || in_flight_.top().at > now) return std::nullopt;
    LabPacket packet = std::move(in_flight_.top().packet);
    in_flight_.pop();
    return packet;
  }

 private:
  struct InFlight {
    Timestamp at;
    std::uint64_t order;
    mutable LabPacket packet;
    bool operator<(const InFlight& other) const { return at != other.at ? at > other.at : order > other.order; }
  };

  static double bytes_in(Duration time, std::uint64_t bits_per_second) {
    return std::chrono::duration<double>(time).count() * static_cast<double>(bits_per_second) / 8;
  }

  void advance(Timestamp now) {
    while (service_end_ <= now) {
      const Timestamp end = service_end_;
      service_end_ = kNever;
      if (!waiting_for_rate_) depart(end);
      waiting_for_rate_ = false;
      serve(end);
    }
  }

  void serve(Timestamp now) {
    if (service_end_ != kNever || queue_.empty()) return;
    const std::uint64_t bits_per_second = rate(now);
    if (bits_per_second == 0) {
      waiting_for_rate_ = true;
      for (const RateChange& change : config_.schedule) {
        if (Timestamp{change.at} > now && change.bits_per_second > 0) {
          service_end_ = Timestamp{change.at};
          break;
        }
      }
      return;
    }
    LabPacket& packet = queue_.front();
    packet.queued = now - Timestamp{packet.queued};
    service_end_ = now + time_for(packet.size, bits_per_second);
  }

  void depart(Timestamp now) {
    LabPacket packet = std::move(queue_.front());
    queue_.pop_front();
    queued_bytes_ -= packet.size;
    packet.marked = config_.mark_above > Duration{} && packet.queued > config_.mark_above;
    if (is_lost()) return;
    const auto choices = static_cast<std::uint64_t>(config_.jitter.count() + 1);
    const Duration longer = now - Timestamp{} >= config_.longer_from ? config_.longer : Duration{};
    Timestamp at =
        now + config_.delay + longer + packet.extra_delay + Duration{static_cast<Duration::rep>(random_() % choices)};
    // Each endpoint's packets keep their order.
    const auto endpoint = static_cast<std::size_t>(packet.endpoint);
    if (newest_.size() <= endpoint) newest_.resize(endpoint + 1);
    newest_[endpoint] = at = std::max(at, newest_[endpoint]);
    in_flight_.push({at, order_++, std::move(packet)});
  }

  bool is_lost() {
    if (config_.burst_enter > 0) {
      in_burst_ = in_burst_ ? uniform(random_) >= config_.burst_leave : uniform(random_) < config_.burst_enter;
    }
    return in_burst_ || (config_.loss > 0 && uniform(random_) < config_.loss);
  }

  BottleneckConfig config_;
  std::mt19937_64 random_;
  std::deque<LabPacket> queue_;
  std::size_t queued_bytes_ = 0;
  std::size_t room_ = 0;
  Timestamp service_end_ = kNever;
  bool waiting_for_rate_ = false;
  bool in_burst_ = false;
  std::vector<Timestamp> newest_;
  std::uint64_t order_ = 0;
  std::priority_queue<InFlight> in_flight_;
};

}  // namespace tidewire::congestion::lab
