// How often strangers are answered: a server that answers everyone can be made to flood someone.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "tidewire/address.h"
#include "tidewire/time.h"
#include "turn/five_tuple.h"

namespace tidewire::turn {

// A rate and a burst for each source, in a table of fixed size that sources share by their hash.
class AnswerLimiter {
 public:
  static constexpr std::size_t kBuckets = 4096;

  AnswerLimiter(std::uint64_t key, std::uint32_t per_second, std::uint32_t burst) : hash_(key), empty_at_(kBuckets) {
    set_rate(per_second, burst);
  }

  void set_rate(std::uint32_t per_second, std::uint32_t burst) {
    interval_ = Duration(std::chrono::seconds(1)) / std::max(per_second, std::uint32_t{1});
    tolerance_ = interval_ * std::max(burst, std::uint32_t{1});
  }

  // One more answer to this source?
  bool allow(const IpAddress& source, Timestamp now) {
    // When the bucket will have run empty: each answer puts it off by an interval.
    Timestamp& empty_at = empty_at_[hash_(network(source)) % kBuckets];
    const Timestamp next = std::max(empty_at, now) + interval_;
    if (next - now > tolerance_) return false;
    empty_at = next;
    return true;
  }

 private:
  // Who has one IPv6 address has its /64 (RFC 4291 §2.5.4).
  static IpAddress network(const IpAddress& source) {
    if (source.is_v4()) return source;
    std::array<std::uint8_t, 16> bytes{};
    std::copy_n(source.bytes().begin(), 8, bytes.begin());
    return IpAddress::v6(bytes);
  }

  FiveTupleHash hash_;
  Duration interval_{};
  Duration tolerance_{};
  std::vector<Timestamp> empty_at_;
};

}  // namespace tidewire::turn
