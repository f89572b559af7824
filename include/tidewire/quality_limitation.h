// Why what is sent is less than it could be: RTCQualityLimitationReason
// (https://www.w3.org/TR/webrtc-stats/#rtcqualitylimitationreason-enum).
#pragma once

#include <cstdint>
#include <string_view>

#include "tidewire/time.h"

namespace tidewire {

enum class QualityLimitationReason : std::uint8_t { kNone, kCpu, kBandwidth, kOther };

// "none", "cpu", "bandwidth", "other".
constexpr std::string_view to_string(QualityLimitationReason reason) {
  switch (reason) {
    case QualityLimitationReason::kNone: return "none";
    case QualityLimitationReason::kCpu: return "cpu";
    case QualityLimitationReason::kBandwidth: return "bandwidth";
    case QualityLimitationReason::kOther: break;
  }
  return "other";
}

// How long each reason has held.
struct QualityLimitationDurations {
  Duration none{};
  Duration cpu{};
  Duration bandwidth{};
  Duration other{};
};

}  // namespace tidewire
