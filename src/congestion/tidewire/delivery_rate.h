// How fast packets arrive: bytes over time on the receiver's clock, of the recent past.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "tidewire/time.h"

namespace tidewire::congestion {

class DeliveryRate {
 public:
  static constexpr std::size_t kCapacity = 1024;  // half a second at 25 Mbit/s

  // After such a jump of the receiver's clock what was before is not comparable.
  static constexpr Duration kJump = std::chrono::seconds{5};

  void add(Duration arrival, std::size_t size) {
    if (count_ > 0 && (arrival > newest().at + kJump || arrival < newest().at - kJump)) reset();
    // Arrivals are in order of sending; one that came out of order counts as of the newest before it.
    const Duration at = count_ == 0 ? arrival : std::max(arrival, newest().at);
    total_ += size;
    ring_[count_++ % kCapacity] = {at, total_};
  }

  // Bits per second over the last `window`; nothing when that much is not known. The first packet opens the time and is
  // not counted in.
  std::optional<double> over(Duration window) const {
    if (count_ < 2) return std::nullopt;
    const Entry& last = newest();
    const std::size_t oldest = count_ > kCapacity ? count_ - kCapacity : 0;
    // The newest entry that is at least `window` old.
    std::size_t low = oldest;
    std::size_t high = count_ - 1;
    while (low < high) {
      const std::size_t middle = low + (high - low + 1) / 2;
      if (ring_[middle % kCapacity].at <= last.at - window) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    const Entry& first = ring_[low % kCapacity];
    const double seconds = std::chrono::duration<double>(last.at - first.at).count();
    if (last.at - first.at < window / 2) return std::nullopt;
    return static_cast<double>(last.total - first.total) * 8 / seconds;
  }

  void reset() { count_ = 0; }

 private:
  struct Entry {
    Duration at{};
    std::uint64_t total = 0;
  };
  const Entry& newest() const { return ring_[(count_ - 1) % kCapacity]; }

  std::array<Entry, kCapacity> ring_{};
  std::size_t count_ = 0;
  std::uint64_t total_ = 0;
};

}  // namespace tidewire::congestion
