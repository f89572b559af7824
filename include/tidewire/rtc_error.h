// Why a data channel, or what carries it, failed. https://www.w3.org/TR/webrtc/#rtcerror-interface
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "tidewire/error.h"

namespace tidewire {

// Those of RTCErrorDetailType that can happen here.
enum class RtcErrorDetail : std::uint8_t {
  kDataChannelFailure,  // this channel alone: no stream was left for it, say
  kSctpFailure,         // the association broke: see sctp_cause_code
  kDtlsFailure,         // the encryption below it broke
  kFingerprintFailure,  // whoever answered is not who the description names
};

// The W3C's word, e.g. "sctp-failure". The text lives for ever.
constexpr std::string_view to_string(RtcErrorDetail detail) {
  switch (detail) {
    case RtcErrorDetail::kDataChannelFailure: return "data-channel-failure";
    case RtcErrorDetail::kSctpFailure: return "sctp-failure";
    case RtcErrorDetail::kDtlsFailure: return "dtls-failure";
    case RtcErrorDetail::kFingerprintFailure: return "fingerprint-failure";
  }
  return "";
}

// Its code is kOperation: the W3C's RTCError is named "OperationError".
struct RtcError : Error {
  RtcErrorDetail detail = RtcErrorDetail::kDataChannelFailure;
  // Of kSctpFailure: the cause in the ABORT that was received or sent (RFC 9260 §3.3.10), if there was one.
  std::optional<std::uint16_t> sctp_cause_code;

  friend bool operator==(const RtcError&, const RtcError&) = default;
};

}  // namespace tidewire
