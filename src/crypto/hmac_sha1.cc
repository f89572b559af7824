// The EVP interface of OpenSSL 3.0 allocates for each copy of a digest state; the plain functions do not.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "crypto/hmac_sha1.h"

#include <openssl/sha.h>

#include <algorithm>
#include <cstring>

namespace tidewire::crypto {

namespace {

constexpr std::size_t kBlock = 64;

template <typename State>
void hash_padded_key(State& state, std::array<std::uint8_t, kBlock> key, std::uint8_t pad) {
  static_assert(sizeof(State) == sizeof(SHA_CTX));
  for (std::uint8_t& byte : key) byte ^= pad;
  SHA_CTX context;
  SHA1_Init(&context);
  SHA1_Update(&context, key.data(), key.size());
  std::memcpy(&state, &context, sizeof(context));
}

template <typename State>
Sha1Digest finish(const State& state, ByteView first, ByteView second) {
  SHA_CTX context;
  std::memcpy(&context, &state, sizeof(context));
  if (!first.empty()) SHA1_Update(&context, first.data(), first.size());
  if (!second.empty()) SHA1_Update(&context, second.data(), second.size());
  Sha1Digest digest;
  SHA1_Final(digest.data(), &context);
  return digest;
}

}  // namespace

HmacSha1::HmacSha1(ByteView key) {
  std::array<std::uint8_t, kBlock> block{};
  if (key.size() > kBlock) {
    const Sha1Digest digest = sha1(key);
    std::copy(digest.begin(), digest.end(), block.begin());
  } else {
    std::copy(key.begin(), key.end(), block.begin());
  }
  hash_padded_key(inner_, block, 0x36);
  hash_padded_key(outer_, block, 0x5c);
}

Sha1Digest HmacSha1::compute(ByteView first, ByteView second) const {
  return finish(outer_, finish(inner_, first, second), {});
}

}  // namespace tidewire::crypto
