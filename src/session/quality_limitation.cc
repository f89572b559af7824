#include "session/quality_limitation.h"

#include <utility>

namespace tidewire::session {
namespace {

// Less than this part of the rate that was asked for is a limitation.
constexpr double kAlmostAll = 0.95;

}  // namespace

void QualityLimitation::begin(Timestamp now) {
  if (!since_) since_ = now;
}

bool QualityLimitation::update(const SendEncoding& asked, const SendEncoding& granted, Timestamp now) {
  if (since_) add(durations_, now);
  const bool first = !std::exchange(updated_, true);
  since_ = now;
  const bool enough = static_cast<double>(granted.bitrate) >= kAlmostAll * static_cast<double>(asked.bitrate);
  reason_ = granted.paused || !enough ? QualityLimitationReason::kBandwidth : QualityLimitationReason::kNone;
  const bool heard_of = paused_ != granted.paused || (!first && size_ != granted.scale_resolution_down_to);
  if (!first && size_ != granted.scale_resolution_down_to && !granted.paused) ++resolution_changes_;
  paused_ = granted.paused;
  if (!granted.paused) size_ = granted.scale_resolution_down_to;
  return heard_of;
}

void QualityLimitation::add(QualityLimitationDurations& durations, Timestamp now) const {
  const Duration time = now - *since_;
  switch (reason_) {
    case QualityLimitationReason::kNone: durations.none += time; break;
    case QualityLimitationReason::kCpu: durations.cpu += time; break;
    case QualityLimitationReason::kBandwidth: durations.bandwidth += time; break;
    case QualityLimitationReason::kOther: durations.other += time; break;
  }
}

QualityLimitationDurations QualityLimitation::durations(Timestamp now) const {
  QualityLimitationDurations durations = durations_;
  if (since_) add(durations, now);
  return durations;
}

std::string QualityLimitation::describe(std::uint64_t available_bitrate) const {
  const std::string gives = "the network gives " + std::to_string(available_bitrate / 1000) + " kbit/s";
  if (paused_) return "video paused: " + gives;
  if (reason_ == QualityLimitationReason::kNone || !size_) return "video at full quality: " + gives;
  return "video up to " + std::to_string(size_->height) + "p: " + gives;
}

}  // namespace tidewire::session
