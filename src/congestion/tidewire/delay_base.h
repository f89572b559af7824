// What the way takes when no queue stands in it: the least one-way delay of late. Only differences of it mean
// something, for the two clocks share no origin; and they do not run equally fast.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>

#include "tidewire/time.h"

namespace tidewire::congestion {

class DelayBase {
 public:
  // The least of the last 10 s. LEDBAT (RFC 6817 §2.2) keeps minutes, for transfers that never empty the queue; ours
  // empty it every few seconds. Clocks that differ by 500 ppm, more than any working crystal, drift by 5 ms in that
  // time: well below what is called a queue.
  static constexpr std::size_t kBuckets = 10;
  static constexpr Duration kBucket = std::chrono::seconds{1};

  void add(Duration delay, Timestamp now) {
    advance(now);
    Duration& bucket = buckets_[newest_ % kBuckets];
    bucket = std::min(bucket, delay);
    base_ = std::min(base_, delay);
  }

  bool known() const { return base_ != kUnknown; }
  Duration value() const { return base_; }

 private:
  static constexpr Duration kUnknown = Duration::max();

  // Nothing is forgotten for time in which nothing was learned.
  void advance(Timestamp now) {
    if (known() && now < bucket_end_) return;
    bucket_end_ = now + kBucket;
    if (newest_ == 0) buckets_.fill(kUnknown);
    buckets_[++newest_ % kBuckets] = kUnknown;
    base_ = *std::min_element(buckets_.begin(), buckets_.end());
  }

  std::array<Duration, kBuckets> buckets_{};
  std::size_t newest_ = 0;
  Timestamp bucket_end_{};
  Duration base_ = kUnknown;
};

}  // namespace tidewire::congestion
