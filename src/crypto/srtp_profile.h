// The SRTP protection profiles that DTLS negotiates (RFC 5764 §4.1.2, RFC 7714 §14.2) and the keys that come out
// of a handshake. They lie here because dtls produces them and srtp consumes them, and neither knows the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tidewire/bytes.h"

namespace tidewire::crypto {

// Values of the IANA registry "DTLS-SRTP Protection Profiles".
enum class SrtpProfile : std::uint16_t {
  kAes128CmSha1_80 = 0x0001,
  kAeadAes128Gcm = 0x0007,
  kAeadAes256Gcm = 0x0008,
};

// The registered name, e.g. "SRTP_AEAD_AES_128_GCM". The text lives for ever.
constexpr std::string_view to_string(SrtpProfile profile) {
  switch (profile) {
    case SrtpProfile::kAes128CmSha1_80: return "SRTP_AES128_CM_SHA1_80";
    case SrtpProfile::kAeadAes128Gcm: return "SRTP_AEAD_AES_128_GCM";
    case SrtpProfile::kAeadAes256Gcm: return "SRTP_AEAD_AES_256_GCM";
  }
  return "unknown";
}

constexpr std::size_t srtp_key_size(SrtpProfile profile) { return profile == SrtpProfile::kAeadAes256Gcm ? 32 : 16; }
constexpr std::size_t srtp_salt_size(SrtpProfile profile) {
  return profile == SrtpProfile::kAes128CmSha1_80 ? 14 : 12;  // RFC 3711 §8.2; RFC 7714 §12
}

// One direction's master key and salt, of the sizes above.
struct SrtpMasterKey {
  SrtpProfile profile = SrtpProfile::kAeadAes128Gcm;
  Bytes key;
  Bytes salt;
};

// Both directions, named as in RFC 5764 §4.2: the DTLS client protects what it sends with `client`.
struct SrtpKeyingMaterial {
  SrtpMasterKey client;
  SrtpMasterKey server;
};

}  // namespace tidewire::crypto
