// Alerts (RFC 5246 §7.2).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "tidewire/bytes.h"

namespace tidewire::dtls {

inline constexpr std::uint8_t kWarning = 1;
inline constexpr std::uint8_t kFatal = 2;
inline constexpr std::uint8_t kCloseNotify = 0;
inline constexpr std::uint8_t kBadCertificate = 42;

struct Alert {
  std::uint8_t level = kFatal;
  std::uint8_t description = kCloseNotify;

  std::array<std::uint8_t, 2> bytes() const { return {level, description}; }
};

std::optional<Alert> parse_alert(ByteView fragment);
// "bad_certificate (42)".
std::string describe(const Alert& alert);

}  // namespace tidewire::dtls
