// The queue that stands in the path: what even the luckiest of the last packets waited. A frame makes a queue of its
// own that is gone before the next, and jitter delays some packets and not others; neither is congestion.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>

#include "congestion/tidewire/delay_base.h"
#include "tidewire/time.h"

namespace tidewire::congestion {

class StandingQueue {
 public:
  // The least of so much time, longer than the interval of video frames, …
  static constexpr Duration kWindow = std::chrono::milliseconds{50};
  // … and of so many packets: of five with an even jitter one has less than a third of it in nine of ten cases.
  static constexpr std::size_t kPackets = 5;

  // No queue is so long: the receiver's clock has jumped (transport-wide feedback's wraps after 12 days), or it lies.
  static constexpr Duration kNoQueue = std::chrono::seconds{10};

  void add(Duration arrival, Duration delay, Timestamp now) {
    if (base_.known() && (delay - base_.value() > kNoQueue || base_.value() - delay > kNoQueue)) {
      base_ = {};
      count_ = 0;
    }
    base_.add(delay, now);
    ring_[count_++ % kCapacity] = {arrival, delay};
  }
  // Once for each report.
  void update_quiet() {
    quiet_ += value() < quiet_ ? -3 * kQuietStep : kQuietStep;
    quiet_ = std::clamp<Duration>(quiet_, Duration{}, kQuietMost);
  }

  // What value() says of an empty queue: its lower quartile. Jitter that keeps packets in order delays all of a window;
  // a queue of ours is empty at least a quarter of the time.
  Duration quiet() const { return quiet_; }

  Duration value() const {
    if (count_ == 0) return {};
    const Duration newest = at(0).arrival;
    Duration least = at(0).delay;
    for (std::size_t i = 1; i < std::min(count_, kCapacity); ++i) {
      if (i >= kPackets && newest - at(i).arrival > kWindow) break;
      least = std::min(least, at(i).delay);
    }
    return least - base_.value();
  }

 private:
  struct Entry {
    Duration arrival{};
    Duration delay{};
  };
  static constexpr Duration kQuietStep = std::chrono::microseconds{100};
  static constexpr Duration kQuietMost = std::chrono::milliseconds{10};
  static constexpr std::size_t kCapacity = 128;  // the window at 25 Mbit/s; at higher rates a shorter one will do
  const Entry& at(std::size_t ago) const { return ring_[(count_ - 1 - ago) % kCapacity]; }

  Duration quiet_{};
  DelayBase base_;
  std::array<Entry, kCapacity> ring_{};
  std::size_t count_ = 0;
};

}  // namespace tidewire::congestion
