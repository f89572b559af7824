#include "srtp/session_keys.h"

#include <algorithm>
#include <array>

#include "crypto/aes_ctr.h"
#include "crypto/hash.h"

namespace tidewire::srtp {

namespace {

// RFC 3711 §4.3.1 and §4.3.2: encryption, authentication and salt, for SRTP and for SRTCP.
SessionKeys derive_all(const crypto::SrtpMasterKey& master, std::uint8_t first_label) {
  const bool aead = master.profile != crypto::SrtpProfile::kAes128CmSha1_80;
  const std::size_t authentication = aead ? 0 : std::tuple_size_v<crypto::Sha1Digest>;
  return {.encryption = derive(master, first_label, crypto::srtp_key_size(master.profile)),
          .authentication = derive(master, static_cast<std::uint8_t>(first_label + 1), authentication),
          .salt = derive(master, static_cast<std::uint8_t>(first_label + 2), crypto::srtp_salt_size(master.profile))};
}

}  // namespace

Bytes derive(const crypto::SrtpMasterKey& master, std::uint8_t label, std::size_t size) {
  // x = label * 2^48 XOR master_salt, as a number of 112 bits; the counter block is x * 2^16. A salt of 96 bits gets
  // 16 zero bits on the right (RFC 7714 §11).
  std::array<std::uint8_t, 16> block{};
  std::copy_n(master.salt.begin(), std::min<std::size_t>(master.salt.size(), 14), block.begin());
  block[7] ^= label;
  Bytes out(size);
  crypto::AesCtr(master.key).crypt(block, out, out.data());
  return out;
}

SessionKeys derive_rtp_keys(const crypto::SrtpMasterKey& master) { return derive_all(master, 0); }

SessionKeys derive_rtcp_keys(const crypto::SrtpMasterKey& master) { return derive_all(master, 3); }

}  // namespace tidewire::srtp
