#include "crypto/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cstdlib>

namespace tidewire::crypto {

namespace {

template <typename Digest>
Digest digest_of(const EVP_MD* algorithm, ByteView bytes) {
  Digest digest{};
  unsigned size = 0;
  // Fails only when memory is out or the library is broken; no digest can stand in for the right one.
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, algorithm, nullptr) != 1 || size != digest.size()) {
    std::abort();
  }
  return digest;
}

template <typename Digest>
Digest hmac_of(const EVP_MD* algorithm, ByteView key, ByteView bytes) {
  static constexpr std::uint8_t kNoKey = 0;  // a null key would mean "the key of last time"
  Digest digest{};
  unsigned size = 0;
  if (HMAC(algorithm, key.empty() ? &kNoKey : key.data(), static_cast<int>(key.size()), bytes.data(), bytes.size(),
           digest.data(), &size) == nullptr ||
      size != digest.size()) {
    std::abort();
  }
  return digest;
}

}  // namespace

Md5Digest md5(ByteView bytes) { return digest_of<Md5Digest>(EVP_md5(), bytes); }
Sha1Digest sha1(ByteView bytes) { return digest_of<Sha1Digest>(EVP_sha1(), bytes); }
Sha256Digest sha256(ByteView bytes) { return digest_of<Sha256Digest>(EVP_sha256(), bytes); }

Sha1Digest hmac_sha1(ByteView key, ByteView bytes) { return hmac_of<Sha1Digest>(EVP_sha1(), key, bytes); }
Sha256Digest hmac_sha256(ByteView key, ByteView bytes) { return hmac_of<Sha256Digest>(EVP_sha256(), key, bytes); }

bool equal_in_constant_time(ByteView a, ByteView b) {
  return a.size() == b.size() && (a.empty() || CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0);
}

}  // namespace tidewire::crypto
