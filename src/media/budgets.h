// Small accounts of bytes and of occasions over time: how fast a stream may send, resend and ask.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/rate.h"
#include "tidewire/time.h"

namespace tidewire::media {

// A budget that fills at a rate up to a limit.
class TokenBucket {
 public:
  TokenBucket(std::uint64_t bits_per_second, std::size_t limit_bytes) { set(bits_per_second, limit_bytes); }

  void set(std::uint64_t bits_per_second, std::size_t limit_bytes) {
    rate_ = bits_per_second;
    limit_ = limit_bytes;
  }
  // False, and nothing is taken, when less than `bytes` is there.
  bool take(std::size_t bytes, Timestamp now) {
    if (empty_at_ > now) return false;
    const Timestamp floor = now - transmission_time(limit_, rate_);
    const Timestamp after = std::max(empty_at_, floor) + transmission_time(bytes, rate_);
    if (after > now) return false;
    empty_at_ = after;
    return true;
  }

 private:
  std::uint64_t rate_ = 0;
  std::size_t limit_ = 0;
  // The budget is what flowed in since then. Begins full, whatever the time.
  Timestamp empty_at_{Duration::min() / 2};
};

// Which part of the bytes of the last second or so were of a kind.
class RecentShare {
 public:
  void add(std::size_t bytes, bool of_the_kind, Timestamp now) {
    for (; halved_ + kHalfLife <= now; halved_ = now - halved_ > 16 * kHalfLife ? now : halved_ + kHalfLife) {
      all_ /= 2;
      kind_ /= 2;
    }
    all_ += static_cast<double>(bytes);
    if (of_the_kind) kind_ += static_cast<double>(bytes);
  }
  double value() const { return all_ > 0 ? kind_ / all_ : 0; }

 private:
  static constexpr Duration kHalfLife = std::chrono::milliseconds{500};

  double all_ = 0;
  double kind_ = 0;
  Timestamp halved_{};
};

// Lets something happen at most once in an interval.
class RateLimit {
 public:
  bool allow(Timestamp now, Duration interval) {
    if (happened_ && now < last_ + interval) return false;
    happened_ = true;
    last_ = now;
    return true;
  }
  // When it is allowed again.
  Timestamp next(Duration interval) const { return happened_ ? last_ + interval : Timestamp{Duration::min() / 2}; }

 private:
  bool happened_ = false;
  Timestamp last_{};
};

}  // namespace tidewire::media
