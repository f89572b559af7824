#include "sim/bottleneck.h"

#include <algorithm>
#include <cmath>

namespace tidewire::sim {

std::uint64_t Bottleneck::rate_at(Timestamp time) const {
  return config_.schedule ? config_.schedule->rate_at(time - config_.schedule_start) : config_.bits_per_second;
}

// Of the queue, in bits. While nothing passes, it is as long as it was before.
double Bottleneck::capacity() const {
  if (config_.queue_time <= Duration::zero()) return static_cast<double>(config_.queue_bytes) * 8;
  const double seconds = std::chrono::duration<double>(config_.queue_time).count();
  return std::max(seconds * static_cast<double>(last_rate_), static_cast<double>(kLeastQueue) * 8);
}

double Bottleneck::waiting_bits(Timestamp now) const {
  if (busy_until_ <= now) return 0;
  if (config_.schedule) {
    return config_.schedule->bits_between(now - config_.schedule_start, busy_until_ - config_.schedule_start);
  }
  return std::chrono::duration<double>(busy_until_ - now).count() * static_cast<double>(config_.bits_per_second);
}

Timestamp Bottleneck::departure_of(double bits, Timestamp from) const {
  if (config_.schedule) {
    const Duration passed = config_.schedule->passed(from - config_.schedule_start, bits);
    return passed == Duration::max() ? kNever : config_.schedule_start + passed;
  }
  return from + Duration{std::llround(bits * 1e9 / static_cast<double>(config_.bits_per_second))};
}

// Whether a router marks one that waits for so long. The ramp is even, without chance: a tenth is every tenth.
bool Bottleneck::marks(Duration queued, Ecn ecn) {
  if (ecn != Ecn::kEct1 || config_.mark_to <= Duration::zero() || queued < config_.mark_from) return false;
  if (queued >= config_.mark_to) return true;
  owed_marks_ += std::chrono::duration<double>(queued - config_.mark_from) / (config_.mark_to - config_.mark_from);
  if (owed_marks_ < 1) return false;
  owed_marks_ -= 1;
  return true;
}

std::optional<Timestamp> Bottleneck::pass(std::size_t bytes, std::uint32_t tag, Timestamp now, Ecn& ecn) {
  if (!config_.schedule && config_.bits_per_second == 0) {
    if (keeps_log_) log_.push_back({now, now, Duration::zero(), static_cast<std::uint32_t>(bytes), tag});
    return now;
  }
  const double bits = static_cast<double>(bytes) * 8;
  if (const std::uint64_t rate = rate_at(now); rate > 0) last_rate_ = rate;
  const Timestamp departure = departure_of(bits, std::max(busy_until_, now));
  const bool fits = departure != kNever && waiting_bits(now) <= capacity();
  const bool marked = fits && marks(std::max(busy_until_ - now, Duration::zero()), ecn);
  if (marked) ecn = Ecn::kCe;
  if (keeps_log_) {
    // Its turn has come when its first bit leaves.
    const Timestamp turn = departure_of(1, std::max(busy_until_, now));
    const Duration queued = turn == kNever ? Duration::zero() : turn - now;
    log_.push_back({now, fits ? departure : kNever, queued, static_cast<std::uint32_t>(bytes), tag, marked});
  }
  if (!fits) return std::nullopt;
  busy_until_ = departure;
  return departure;
}

}  // namespace tidewire::sim
