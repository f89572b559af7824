// Authenticated encryption: AES-GCM (NIST SP 800-38D) and ChaCha20-Poly1305 (RFC 8439), with 96-bit nonces and
// 128-bit tags. One object holds one key; using it allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "tidewire/bytes.h"

struct evp_cipher_ctx_st;

namespace tidewire::crypto {

enum class AeadAlgorithm { kAes128Gcm, kAes256Gcm, kChaCha20Poly1305 };

constexpr std::size_t aead_key_size(AeadAlgorithm a) { return a == AeadAlgorithm::kAes128Gcm ? 16 : 32; }
inline constexpr std::size_t kAeadNonceSize = 12;
inline constexpr std::size_t kAeadTagSize = 16;

struct FreeCipherContext {
  void operator()(evp_cipher_ctx_st* context) const;
};
using CipherContext = std::unique_ptr<evp_cipher_ctx_st, FreeCipherContext>;

// What is authenticated but not encrypted: two runs of bytes, as if joined.
struct AssociatedData {
  AssociatedData(ByteView all) : first(all) {}  // NOLINT: implicit by design
  AssociatedData(ByteView a, ByteView b) : first(a), second(b) {}
  ByteView first;
  ByteView second;
};

class AeadSealer {
 public:
  AeadSealer(AeadAlgorithm algorithm, ByteView key);

  // Writes plaintext.size() bytes to `ciphertext`, which is the plaintext itself or does not overlap it, and the tag.
  // A nonce is used once under a key.
  void seal(ByteView nonce, AssociatedData associated, ByteView plaintext, std::uint8_t* ciphertext, std::uint8_t* tag);

 private:
  CipherContext context_;
};

class AeadOpener {
 public:
  AeadOpener(AeadAlgorithm algorithm, ByteView key);

  // False when forged; `plaintext`, which is the ciphertext itself or does not overlap it, then holds garbage.
  [[nodiscard]] bool open(ByteView nonce, AssociatedData associated, ByteView ciphertext, ByteView tag,
                          std::uint8_t* plaintext);

 private:
  CipherContext context_;
};

}  // namespace tidewire::crypto
