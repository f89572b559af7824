// Which losses are congestion. A path that loses packets at random loses them at any rate; one that is overfull loses
// fewer when less is sent. So what is lost all the time is the path's floor, and only what is far above it counts.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "tidewire/time.h"

namespace tidewire::congestion {

class LossFloor {
 public:
  // A share of loss is of at least so many packets and so much time.
  static constexpr std::size_t kPackets = 40;
  static constexpr Duration kTime = std::chrono::milliseconds{500};
  // Less than this above the floor is chance: of 40 packets at 5 %, two or three standard deviations.
  static constexpr double kMargin = 0.08;

  void add(std::size_t arrived, std::size_t lost, Timestamp now) {
    if (total_ == 0) since_ = now;
    total_ += arrived + lost;
    lost_ += lost;
    if (total_ < kPackets || now - since_ < kTime) return;
    last_ = static_cast<double>(lost_) / static_cast<double>(total_);
    fresh_ = true;
    total_ = lost_ = 0;
    // Falls at once, as any quiet moment shows that the path does not lose so much by itself; rises only when
    // learned().
    floor_ = std::min(floor_, std::max(last_, floor_ * 0.8));
  }

  // The share lost above the floor, each measurement once; 0 when it is not worth a reaction.
  double take_excess() {
    if (!fresh_) return 0;
    fresh_ = false;
    return last_ - floor_ > kMargin ? last_ - floor_ : 0;
  }
  // Less was sent and as much was lost: so it is the path.
  void learn() { floor_ = std::max(floor_, last_); }

  double floor() const { return floor_; }
  double last() const { return last_; }
  void reset() { *this = LossFloor(); }

 private:
  Timestamp since_{};
  std::size_t total_ = 0;
  std::size_t lost_ = 0;
  double last_ = 0;
  double floor_ = 0;
  bool fresh_ = false;
};

}  // namespace tidewire::congestion
