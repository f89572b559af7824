// Certificate fingerprints between the two that speak of them: text in crypto, digest bytes in SDP.
#pragma once

#include <string>

#include "base/base64.h"
#include "crypto/certificate.h"
#include "sdp/dtls_attributes.h"

namespace tidewire::session {

inline sdp::Fingerprint to_sdp(const crypto::Fingerprint& fingerprint) {
  std::string digits = fingerprint.value;
  std::erase(digits, ':');
  return {fingerprint.algorithm, hex_decode(digits).value_or(Bytes{})};
}

inline crypto::Fingerprint to_crypto(const sdp::Fingerprint& fingerprint) {
  std::string text;
  for (const std::uint8_t byte : fingerprint.digest) {
    if (!text.empty()) text += ':';
    text += hex_encode({&byte, 1});
  }
  return {fingerprint.algorithm, text};
}

}  // namespace tidewire::session
