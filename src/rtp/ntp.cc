#include "rtp/ntp.h"

#include <algorithm>

namespace tidewire::rtp {

namespace {

// RFC 5905 §A.4: from 1900-01-01 to 1970-01-01.
constexpr std::uint64_t kUnixEpoch = 2'208'988'800;
constexpr std::uint64_t kNanoseconds = 1'000'000'000;

}  // namespace

NtpTime to_ntp(UnixTime time) {
  const auto nanoseconds = static_cast<std::uint64_t>(std::max<std::int64_t>(time.since_epoch.count(), 0));
  const std::uint64_t seconds = nanoseconds / kNanoseconds + kUnixEpoch;
  return {seconds << 32 | ((nanoseconds % kNanoseconds) << 32) / kNanoseconds};
}

UnixTime to_unix(NtpTime time) {
  const std::uint64_t fraction = ((time.value & 0xffffffffU) * kNanoseconds) >> 32;
  const auto seconds = static_cast<std::int64_t>(time.value >> 32) - static_cast<std::int64_t>(kUnixEpoch);
  return {Duration{seconds * static_cast<std::int64_t>(kNanoseconds) + static_cast<std::int64_t>(fraction)}};
}

std::uint32_t to_compact_ntp(Duration duration) {
  // 18 hours fill the 32 bits; a longer duration says "at least that".
  constexpr Duration kMax = std::chrono::seconds{65'535};
  const Duration clamped = std::clamp(duration, Duration::zero(), kMax);
  return static_cast<std::uint32_t>((static_cast<std::uint64_t>(clamped.count()) << 16) / kNanoseconds);
}

Duration from_compact_ntp(std::uint32_t value) {
  const std::int64_t ticks = static_cast<std::int32_t>(value);
  return Duration{ticks * static_cast<std::int64_t>(kNanoseconds) / 65'536};
}

}  // namespace tidewire::rtp
