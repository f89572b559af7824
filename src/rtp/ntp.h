// NTP timestamps as RTCP carries them (RFC 3550 §4): 32.32 fixed-point seconds since 1900.
#pragma once

#include <cstdint>

#include "tidewire/time.h"

namespace tidewire::rtp {

struct NtpTime {
  std::uint64_t value = 0;

  // The middle 32 bits (16.16 s), which report blocks echo.
  constexpr std::uint32_t compact() const { return static_cast<std::uint32_t>(value >> 16); }
  friend constexpr bool operator==(NtpTime, NtpTime) = default;
};

NtpTime to_ntp(UnixTime time);
UnixTime to_unix(NtpTime time);

// 16.16 fixed-point seconds, the unit of DLSR and of round-trip times (RFC 3550 §6.4.1). Negative durations are 0.
std::uint32_t to_compact_ntp(Duration duration);
// The upper half of the range counts as negative: the clocks of two hosts may be out of step.
Duration from_compact_ntp(std::uint32_t value);

}  // namespace tidewire::rtp
