#include "session/quality_scaler.h"

#include <algorithm>
#include <utility>

namespace tidewire::session {

std::optional<QualityScaler::Bounds> QualityScaler::bounds(CodecType codec) {
  switch (codec) {
    case CodecType::kVp8: return Bounds{29, 95};
    case CodecType::kVp9: return Bounds{96, 185};
    case CodecType::kH264: return Bounds{24, 37};
    case CodecType::kAv1: return Bounds{145, 205};
    default: return std::nullopt;
  }
}

bool QualityScaler::note(CodecType codec, int quantizer, Timestamp now) {
  const auto its = bounds(codec);
  if (!its || quantizer < 0) return false;
  if (std::exchange(codec_, codec) != codec) restart(now);
  if (now < *began_at_) return false;
  sum_ += quantizer;
  ++pictures_;
  if (now - *began_at_ < kWindow || pictures_ < kLeastPictures) return false;
  const double mean = static_cast<double>(sum_) / pictures_;
  began_at_ = now;
  sum_ = 0;
  pictures_ = 0;
  return judge(*its, mean, now);
}

bool QualityScaler::judge(Bounds bounds, double mean, Timestamp now) {
  low_means_ = mean < bounds.low ? low_means_ + 1 : 0;
  if (mean > bounds.high && correction_ > -1) {
    const bool soon = went_up_at_ && now - *went_up_at_ < kSoon;
    back_off_ = soon ? std::min(2 * back_off_, kLastBackOff) : kFirstBackOff;
    went_down_at_ = now;
    --correction_;
  } else if (low_means_ >= kLowMeans && correction_ < 1 && (!went_down_at_ || now - *went_down_at_ >= back_off_)) {
    went_up_at_ = now;
    ++correction_;
  } else {
    return false;
  }
  restart(now);
  return true;
}

void QualityScaler::restart(Timestamp now) {
  began_at_ = now + kSettling;
  sum_ = 0;
  pictures_ = 0;
  low_means_ = 0;
}

}  // namespace tidewire::session
