#include "crypto/aead.h"

#include <algorithm>

#include "crypto/openssl.h"

namespace tidewire::crypto {

namespace {

const EVP_CIPHER* cipher_of(AeadAlgorithm algorithm) {
  switch (algorithm) {
    case AeadAlgorithm::kAes128Gcm: return EVP_aes_128_gcm();
    case AeadAlgorithm::kAes256Gcm: return EVP_aes_256_gcm();
    case AeadAlgorithm::kChaCha20Poly1305: return EVP_chacha20_poly1305();
  }
  std::abort();
}

CipherContext make(AeadAlgorithm algorithm, ByteView key, bool encrypt) {
  require(key.size() == aead_key_size(algorithm));
  CipherContext context(EVP_CIPHER_CTX_new());
  require(context &&
          EVP_CipherInit_ex(context.get(), cipher_of(algorithm), nullptr, key.data(), nullptr, encrypt ? 1 : 0) == 1);
  return context;
}

// Nonce and associated data are set: the same for both directions.
void begin(EVP_CIPHER_CTX* context, ByteView nonce, const AssociatedData& associated) {
  require(nonce.size() == kAeadNonceSize);
  require(EVP_CipherInit_ex(context, nullptr, nullptr, nullptr, nonce.data(), -1) == 1);
  for (const ByteView bytes : {associated.first, associated.second}) {
    int ignored = 0;
    require(bytes.empty() ||
            EVP_CipherUpdate(context, nullptr, &ignored, bytes.data(), static_cast<int>(bytes.size())) == 1);
  }
}

}  // namespace

void FreeCipherContext::operator()(evp_cipher_ctx_st* context) const { EVP_CIPHER_CTX_free(context); }

AeadSealer::AeadSealer(AeadAlgorithm algorithm, ByteView key) : context_(make(algorithm, key, true)) {}

void AeadSealer::seal(ByteView nonce, AssociatedData associated, ByteView plaintext, std::uint8_t* ciphertext,
                      std::uint8_t* tag) {
  EVP_CIPHER_CTX* const context = context_.get();
  begin(context, nonce, associated);
  int size = 0;
  require(plaintext.empty() ||
          EVP_EncryptUpdate(context, ciphertext, &size, plaintext.data(), static_cast<int>(plaintext.size())) == 1);
  // A GCM final writes no bytes, but the function wants a place for them.
  require(EVP_EncryptFinal_ex(context, tag, &size) == 1);
  require(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, static_cast<int>(kAeadTagSize), tag) == 1);
}

AeadOpener::AeadOpener(AeadAlgorithm algorithm, ByteView key) : context_(make(algorithm, key, false)) {}

bool AeadOpener::open(ByteView nonce, AssociatedData associated, ByteView ciphertext, ByteView tag,
                      std::uint8_t* plaintext) {
  if (tag.size() != kAeadTagSize) return false;
  EVP_CIPHER_CTX* const context = context_.get();
  begin(context, nonce, associated);
  int size = 0;
  if (!ciphertext.empty() &&
      EVP_DecryptUpdate(context, plaintext, &size, ciphertext.data(), static_cast<int>(ciphertext.size())) != 1) {
    return false;
  }
  // OpenSSL takes the tag to compare with as a mutable pointer and only reads it.
  std::uint8_t expected[kAeadTagSize];
  std::copy(tag.begin(), tag.end(), expected);
  std::uint8_t nothing[16];
  return EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, static_cast<int>(kAeadTagSize), expected) == 1 &&
         EVP_DecryptFinal_ex(context, nothing, &size) == 1;
}

}  // namespace tidewire::crypto
