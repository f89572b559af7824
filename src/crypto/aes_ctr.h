// AES-128 in counter mode (RFC 3711 §4.1.1): a key stream XORed over bytes. One object holds one key; using it
// allocates nothing.
#pragma once

#include "crypto/aead.h"
#include "tidewire/bytes.h"

namespace tidewire::crypto {

class AesCtr {
 public:
  explicit AesCtr(ByteView key);  // 16 or 32 bytes

  // `iv` is the first counter block of 16 bytes. `out` is `in` itself or does not overlap it.
  void crypt(ByteView iv, ByteView in, std::uint8_t* out);

 private:
  CipherContext context_;
};

}  // namespace tidewire::crypto
