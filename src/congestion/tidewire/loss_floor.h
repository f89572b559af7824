// Which losses are congestion. A path that loses packets at random loses them at any rate; one that is overfull loses
// fewer when less is sent. So a loss that stays as it was after less was sent is the path's floor, and only what is far
// above the floor counts.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "tidewire/time.h"

namespace tidewire::congestion {

class LossFloor {
 public:
  // A share of loss is of at least so many packets and so much time.
  static constexpr std::size_t kPackets = 40;
  static constexpr Duration kTime = std::chrono::milliseconds{500};
  // Less than this above the floor is chance: the first of 40 packets at 5 %, the other, in standard deviations, of any
  // number at the floor.
  static constexpr double kMargin = 0.08;
  static constexpr double kDeviations = 3;
  // The most that one measurement costs, CUBIC's β (RFC 9438 §4.6).
  static constexpr double kMostCut = 0.3;
  // When this share of the loss is still there after so many cuts, it was not our rate that made it.
  static constexpr double kUnchanged = 0.7;
  static constexpr int kCuts = 2;

  void add(std::size_t arrived, std::size_t lost, Timestamp now) {
    if (now < since_) return;  // sent before the last cut
    if (total_ == 0) since_ = now;
    total_ += arrived + lost;
    lost_ += lost;
    if (total_ < kPackets || now - since_ < kTime) return;
    const auto packets = static_cast<double>(total_);
    last_ = static_cast<double>(lost_) / packets;
    margin_ = std::max(kMargin, kDeviations * std::sqrt(floor_ * (1 - floor_) / packets));
    fresh_ = true;
    total_ = lost_ = 0;
  }

  // The share of the rate that the newest measurement costs; most cost nothing, and each is told once. What a cut does
  // is seen after `reaction`.
  double take_cut(Duration reaction, Timestamp now) {
    if (!fresh_) return 0;
    fresh_ = false;
    if (last_ - floor_ <= margin_) {
      cuts_ = 0;
      follow();
      return 0;
    }
    if (cuts_ == 0) before_ = last_;
    if (last_ < kUnchanged * before_) {
      cuts_ = 0;
      before_ = last_;
    }
    if (cuts_ == kCuts) {
      floor_ = most_ = last_;
      cuts_ = 0;
      return 0;
    }
    ++cuts_;
    since_ = now + reaction;
    return std::min(last_ - floor_, kMostCut);
  }
  // The losses of late were of a queue, which has been dealt with.
  void ignore() {
    total_ = lost_ = 0;
    fresh_ = false;
    cuts_ = 0;
  }

  // Between a cut and the measurement of what it did.
  bool trying() const { return cuts_ > 0; }
  double value() const { return floor_; }

 private:
  // The floor is an average of what is lost at random, below what was learned. Other losses do not raise it.
  void follow() {
    floor_ = std::clamp(floor_ + (last_ - floor_) / 8, 0.0, most_);
    if (floor_ < most_ / 2) most_ = floor_;
  }

  Timestamp since_{};
  std::uint64_t total_ = 0;
  std::uint64_t lost_ = 0;
  double last_ = 0;
  double margin_ = kMargin;
  double floor_ = 0;
  double most_ = 0;
  bool fresh_ = false;
  int cuts_ = 0;       // in a row
  double before_ = 0;  // the loss before them
};

}  // namespace tidewire::congestion
