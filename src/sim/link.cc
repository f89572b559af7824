#include "sim/link.h"

#include <algorithm>
#include <utility>

namespace tidewire::sim {
namespace {

// IPv4 and UDP headers, which the bottleneck carries too.
constexpr std::size_t kHeaderBytes = 28;

}  // namespace

bool Link::chance(double probability) {
  // Not std::uniform_real_distribution: its results differ between standard libraries.
  return probability > 0 && static_cast<double>(random_() >> 11) * 0x1p-53 < probability;
}

bool Link::is_lost() {
  if (config_.burst_enter > 0) {
    in_burst_ = in_burst_ ? !chance(config_.burst_leave) : chance(config_.burst_enter);
  } else {
    in_burst_ = false;  // switched off in the middle of one
  }
  return in_burst_ || chance(config_.loss);
}

// A fragment more or less makes no difference to the bottleneck.
bool Link::is_too_long(const Datagram& datagram) {
  constexpr std::size_t kIpv6HeaderBytes = 48;
  const std::size_t headers = datagram.remote.ip.is_v6() ? kIpv6HeaderBytes : kHeaderBytes;
  if (config_.mtu == 0 || datagram.packet.size() + headers <= config_.mtu) return false;
  const bool passes = datagram.packet.fragmentation() == Fragmentation::kAllowed;
  ++(passes ? stats_.fragmented : stats_.too_long);
  return !passes;
}

// When the bottleneck has sent it; nothing when it is lost.
std::optional<Timestamp> Link::depart(std::size_t bytes, Timestamp now, Ecn& ecn) {
  ++stats_.offered;
  Timestamp departure = now;
  if (config_.shared) {
    const auto passed = config_.shared->pass(bytes, config_.tag, now, ecn);
    if (!passed) {
      ++stats_.overflowed;
      return std::nullopt;
    }
    departure = *passed;
  } else if (config_.bits_per_second > 0) {
    const auto time_for = [this](std::size_t size) {
      return Duration{static_cast<Duration::rep>(size * 8 * 1'000'000'000 / config_.bits_per_second)};
    };
    const Duration waiting = std::max(busy_until_ - now, Duration::zero());
    if (waiting > time_for(config_.queue_bytes)) {
      ++stats_.overflowed;
      return std::nullopt;
    }
    departure = now + waiting + time_for(bytes);
    busy_until_ = departure;
  }
  if (is_lost()) {
    ++stats_.lost;
    return std::nullopt;
  }
  return departure;
}

Duration Link::draw_delay() {
  if (config_.jitter <= Duration::zero()) return config_.delay;
  const auto choices = static_cast<std::uint64_t>(config_.jitter.count() + 1);
  return config_.delay + Duration{static_cast<Duration::rep>(random_() % choices)};
}

void Link::send(Datagram datagram, PacketPool& pool, Timestamp now) {
  if (is_too_long(datagram)) return;
  Ecn ecn = datagram.packet.ecn();
  const auto departure = depart(datagram.packet.size() + kHeaderBytes, now, ecn);
  if (!departure) return;
  datagram.packet.set_ecn(config_.bleaches ? Ecn::kNotEct : ecn);
  if (chance(config_.duplicate)) {
    Packet copy = pool.copy_of(datagram.packet.bytes());
    copy.set_fragmentation(datagram.packet.fragmentation());
    copy.set_ecn(datagram.packet.ecn());
    put_in_flight({datagram.local, datagram.remote, std::move(copy), {}}, *departure);
  }
  put_in_flight(std::move(datagram), *departure);
}

std::optional<Timestamp> Link::carry(std::size_t bytes, Timestamp now) {
  Ecn ecn = Ecn::kNotEct;
  const auto departure = depart(bytes, now, ecn);
  if (!departure) return std::nullopt;
  ++stats_.delivered;
  return *departure + draw_delay();
}

void Link::put_in_flight(Datagram datagram, Timestamp departure) {
  Timestamp arrival = departure + draw_delay();
  if (chance(config_.reorder)) {
    arrival += config_.reorder_by;
  } else {
    arrival = std::max(arrival, newest_arrival_);
    newest_arrival_ = arrival;
  }
  in_flight_.push({arrival, order_++, std::move(datagram)});
}

std::optional<Datagram> Link::receive(Timestamp now) {
  if (in_flight_.empty() || in_flight_.top().arrival > now) return std::nullopt;
  Datagram datagram = std::move(in_flight_.top().datagram);
  in_flight_.pop();
  ++stats_.delivered;
  return datagram;
}

Timestamp Link::next_arrival() const { return in_flight_.empty() ? kNever : in_flight_.top().arrival; }

}  // namespace tidewire::sim
