// HMAC-SHA1 under a key that is used for many messages: the two key blocks are hashed once (RFC 2104 §4), and a
// message costs neither key setup nor memory.
#pragma once

#include <array>
#include <cstdint>

#include "crypto/hash.h"
#include "tidewire/bytes.h"

namespace tidewire::crypto {

class HmacSha1 {
 public:
  explicit HmacSha1(ByteView key);

  // The authentication code of the two runs of bytes, as if joined.
  Sha1Digest compute(ByteView first, ByteView second = {}) const;

 private:
  // SHA_CTX of OpenSSL, whose headers stay in the .cc file.
  using State = std::array<std::uint32_t, 24>;
  State inner_{};
  State outer_{};
};

}  // namespace tidewire::crypto
