#include "session/quality_limitation.h"

#include <cmath>
#include <utility>

namespace tidewire::session {
namespace {

// Less than this part of the rate that was asked for is a limitation.
constexpr double kAlmostAll = 0.95;

}  // namespace

void QualityLimitation::begin(Timestamp now) {
  if (!since_) since_ = now;
}

bool QualityLimitation::update(const SendEncoding& asked, const SendEncoding& granted, bool by_machine, Timestamp now) {
  if (since_) add(durations_, now);
  const bool first = !std::exchange(updated_, true);
  since_ = now;
  const QualityLimitationReason before = reason_;
  const bool enough = static_cast<double>(granted.bitrate) >= kAlmostAll * static_cast<double>(asked.bitrate);
  reason_ = granted.paused ? QualityLimitationReason::kBandwidth
            : by_machine   ? QualityLimitationReason::kCpu
            : !enough      ? QualityLimitationReason::kBandwidth
                           : QualityLimitationReason::kNone;
  const bool machine = reason_ == QualityLimitationReason::kCpu || before == QualityLimitationReason::kCpu;
  const bool other_reason = machine && (reason_ != before || framerate_ != granted.parameters.max_framerate);
  const bool other_size = !first && size_ != granted.scale_resolution_down_to;
  const bool heard_of = paused_ != granted.paused || other_size || other_reason;
  if (other_size && !granted.paused) ++resolution_changes_;
  paused_ = granted.paused;
  if (!granted.paused) size_ = granted.scale_resolution_down_to;
  framerate_ = granted.parameters.max_framerate;
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
  const std::string gives =
      available_bitrate > 0 ? ": the network gives " + std::to_string(available_bitrate / 1000) + " kbit/s" : "";
  if (paused_) return "video paused" + gives;
  const std::string up_to = size_ ? "video up to " + std::to_string(size_->height) + "p" : "video";
  if (reason_ == QualityLimitationReason::kCpu) {
    const std::string pictures =
        framerate_ ? (size_ ? ", " : " at ") + std::to_string(std::lround(*framerate_)) + " pictures a second" : "";
    return up_to + pictures + ": this machine cannot encode more";
  }
  if (reason_ == QualityLimitationReason::kNone || !size_) return "video at full quality" + gives;
  return up_to + gives;
}

}  // namespace tidewire::session
