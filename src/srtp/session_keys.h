// Session keys from the master key (RFC 3711 §4.3).
#pragma once

#include <cstddef>
#include <cstdint>

#include "crypto/srtp_profile.h"
#include "tidewire/bytes.h"

namespace tidewire::srtp {

struct SessionKeys {
  Bytes encryption;
  Bytes authentication;  // empty with AES-GCM
  Bytes salt;
};

SessionKeys derive_rtp_keys(const crypto::SrtpMasterKey& master);
SessionKeys derive_rtcp_keys(const crypto::SrtpMasterKey& master);

// RFC 3711 §4.3.1 with a key derivation rate of 0: `size` bytes for a label.
Bytes derive(const crypto::SrtpMasterKey& master, std::uint8_t label, std::size_t size);

}  // namespace tidewire::srtp
