// Whether the queue on the path grows, stands or drains: a straight line through the smoothed one-way delay of the last
// packet groups, and a threshold on its slope that follows what the path does anyway.
//
// draft-ietf-rmcat-gcc-02 §5.4 has the threshold and the detector; a line by least squares in place of the draft's
// Kalman filter (§5.3) is what browsers have.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "tidewire/time.h"

namespace tidewire::congestion::google {

enum class Usage : std::uint8_t { kNormal, kOveruse, kUnderuse };

class Trendline {
 public:
  static constexpr std::size_t kWindow = 20;  // groups that the line goes through
  static constexpr double kSmoothing = 0.9;
  static constexpr double kGain = 4;
  static constexpr int kMaxGroups = 60;  // the slope counts in full from so many groups on

  // gcc-02 §5.4: in milliseconds.
  static constexpr double kFirstThreshold = 12.5;
  static constexpr double kLeastThreshold = 6;
  static constexpr double kGreatestThreshold = 600;
  // DEVIATES gcc-02 §5.6, which has 0.01 and 0.00018, because browsers have these: the threshold comes down sooner than
  // it rises, which is why flows of TCP starve it all the same.
  static constexpr double kUp = 0.0087;
  static constexpr double kDown = 0.039;
  static constexpr double kIgnored = 15;  // a sample so far beyond the threshold does not move it
  static constexpr double kLongestStepMs = 100;
  static constexpr double kOveruseMs = 10;  // the slope is too steep for longer than this

  // One more group, as PacketGroups compared it with the one before; `arrival` is that of its last packet.
  void add(Duration sent_apart, Duration arrived_apart, Duration arrival);

  Usage usage() const { return usage_; }
  double threshold() const { return threshold_; }
  // The slope as it is compared with the threshold.
  double trend() const { return modified_; }

 private:
  struct Point {
    double arrival = 0;  // ms since the first
    double delay = 0;    // ms, smoothed
  };
  double slope() const;
  void detect(double slope, double sent_apart_ms);
  void adapt_threshold(double arrival_ms);

  std::array<Point, kWindow> points_{};  // a ring
  std::size_t groups_ = 0;
  Duration first_arrival_{};
  double accumulated_ = 0;
  double smoothed_ = 0;
  double slope_ = 0;
  double previous_slope_ = 0;
  double modified_ = 0;
  double threshold_ = kFirstThreshold;
  double threshold_moved_ms_ = -1;
  double over_ms_ = -1;  // how long the slope has been too steep; negative: it is not
  int over_count_ = 0;
  Usage usage_ = Usage::kNormal;
};

}  // namespace tidewire::congestion::google
