#include "dtls/alert.h"

namespace tidewire::dtls {

namespace {

// RFC 5246 §7.2 and the IANA registry "TLS Alerts".
const char* name_of(std::uint8_t description) {
  switch (description) {
    case 0: return "close_notify";
    case 10: return "unexpected_message";
    case 20: return "bad_record_mac";
    case 21: return "decryption_failed";
    case 22: return "record_overflow";
    case 40: return "handshake_failure";
    case 42: return "bad_certificate";
    case 43: return "unsupported_certificate";
    case 44: return "certificate_revoked";
    case 45: return "certificate_expired";
    case 46: return "certificate_unknown";
    case 47: return "illegal_parameter";
    case 48: return "unknown_ca";
    case 49: return "access_denied";
    case 50: return "decode_error";
    case 51: return "decrypt_error";
    case 70: return "protocol_version";
    case 71: return "insufficient_security";
    case 80: return "internal_error";
    case 90: return "user_canceled";
    case 109: return "missing_extension";
    case 110: return "unsupported_extension";
    case 116: return "certificate_required";
    default: return "unknown alert";
  }
}

}  // namespace

std::optional<Alert> parse_alert(ByteView fragment) {
  if (fragment.size() != 2) return std::nullopt;
  return Alert{.level = fragment[0], .description = fragment[1]};
}

std::string describe(const Alert& alert) {
  return std::string(name_of(alert.description)) + " (" + std::to_string(alert.description) + ")";
}

}  // namespace tidewire::dtls
