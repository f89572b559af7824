#include "congestion/google/trendline.h"

#include <algorithm>
#include <cmath>

#include "congestion/google/units.h"

namespace tidewire::congestion::google {

void Trendline::add(Duration sent_apart, Duration arrived_apart, Duration arrival) {
  if (groups_ == 0) first_arrival_ = arrival;
  accumulated_ += in_ms(arrived_apart - sent_apart);
  smoothed_ = kSmoothing * smoothed_ + (1 - kSmoothing) * accumulated_;
  const double at = in_ms(arrival - first_arrival_);
  points_[groups_ % kWindow] = {at, smoothed_};
  ++groups_;
  if (groups_ >= kWindow) slope_ = slope();
  detect(slope_, in_ms(sent_apart));
  adapt_threshold(at);
}

double Trendline::slope() const {
  double mean_x = 0;
  double mean_y = 0;
  for (const Point& p : points_) {
    mean_x += p.arrival / kWindow;
    mean_y += p.delay / kWindow;
  }
  double covariance = 0;
  double variance = 0;
  for (const Point& p : points_) {
    covariance += (p.arrival - mean_x) * (p.delay - mean_y);
    variance += (p.arrival - mean_x) * (p.arrival - mean_x);
  }
  return variance > 0 ? covariance / variance : slope_;  // all at one moment: nothing new is known
}

// gcc-02 §5.4: overuse is a slope above the threshold for a while, and not one that is already easing.
void Trendline::detect(double slope, double sent_apart_ms) {
  if (groups_ < 2) return;
  modified_ = std::min<double>(static_cast<double>(groups_), kMaxGroups) * slope * kGain;
  if (modified_ > threshold_) {
    // The first time, it may have been steep for half the time since the group before.
    over_ms_ = over_ms_ < 0 ? sent_apart_ms / 2 : over_ms_ + sent_apart_ms;
    ++over_count_;
    if (over_ms_ > kOveruseMs && over_count_ > 1 && slope >= previous_slope_) {
      over_ms_ = 0;
      over_count_ = 0;
      usage_ = Usage::kOveruse;
    }
  } else {
    over_ms_ = -1;
    over_count_ = 0;
    usage_ = modified_ < -threshold_ ? Usage::kUnderuse : Usage::kNormal;
  }
  previous_slope_ = slope;
}

// gcc-02 §5.4: so that a flow of TCP beside this one, which keeps the slope swinging, does not starve it.
void Trendline::adapt_threshold(double arrival_ms) {
  const double size = std::abs(modified_);
  if (threshold_moved_ms_ >= 0 && size <= threshold_ + kIgnored) {
    const double step = std::clamp(arrival_ms - threshold_moved_ms_, 0.0, kLongestStepMs);
    threshold_ += (size < threshold_ ? kDown : kUp) * (size - threshold_) * step;
    threshold_ = std::clamp(threshold_, kLeastThreshold, kGreatestThreshold);
  }
  threshold_moved_ms_ = std::max(arrival_ms, 0.0);
}

}  // namespace tidewire::congestion::google
