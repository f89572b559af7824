#include "crypto/random.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

namespace tidewire::crypto {

namespace {

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};

}  // namespace

Random::Random(const Seed& seed) : key_(seed) {}

Random Random::from_test_seed(std::uint64_t seed) {
  Seed key{};
  for (std::size_t i = 0; i < 8; ++i) key[i] = static_cast<std::uint8_t>(seed >> (8 * i));
  return Random(key);
}

void Random::refill() {
  // OpenSSL's IV is the 32-bit block counter, little-endian, and the 96-bit nonce (RFC 8439 §2.3). Each refill
  // takes a nonce of its own and counts its blocks from zero.
  std::array<std::uint8_t, 16> iv{};
  for (std::size_t i = 0; i < 8; ++i) iv[4 + i] = static_cast<std::uint8_t>(block_ >> (8 * i));
  ++block_;
  keystream_.fill(0);
  const std::unique_ptr<EVP_CIPHER_CTX, FreeCipher> context(EVP_CIPHER_CTX_new());
  int written = 0;
  const bool ok = context && EVP_EncryptInit_ex(context.get(), EVP_chacha20(), nullptr, key_.data(), iv.data()) == 1 &&
                  EVP_EncryptUpdate(context.get(), keystream_.data(), &written, keystream_.data(),
                                    static_cast<int>(keystream_.size())) == 1;
  // Going on would hand out keys that are all zeroes.
  if (!ok || written != static_cast<int>(keystream_.size())) std::abort();
  used_ = 0;
}

void Random::fill(MutableByteView bytes) {
  while (!bytes.empty()) {
    if (used_ == keystream_.size()) refill();
    const std::size_t n = std::min(bytes.size(), keystream_.size() - used_);
    std::memcpy(bytes.data(), keystream_.data() + used_, n);
    // What was given out is forgotten.
    std::memset(keystream_.data() + used_, 0, n);
    used_ += n;
    bytes = bytes.subspan(n);
  }
}

std::uint8_t Random::u8() {
  std::uint8_t value = 0;
  fill({&value, 1});
  return value;
}

std::uint32_t Random::u32() { return static_cast<std::uint32_t>(u64() >> 32); }

std::uint64_t Random::u64() {
  std::array<std::uint8_t, 8> bytes{};
  fill(bytes);
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

std::uint32_t Random::below(std::uint32_t bound) {
  assert(bound > 0);
  // Values under 2^32 mod bound are drawn again, so that each result has the same number of values.
  const std::uint32_t uneven = (0U - bound) % bound;
  std::uint32_t value = u32();
  while (value < uneven) value = u32();
  return value % bound;
}

std::string Random::ice_chars(std::size_t length) {
  static constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text(length, ' ');
  for (char& c : text) c = kAlphabet[u8() & 63U];
  return text;
}

Random Random::fork() {
  Seed seed{};
  fill(seed);
  return Random(seed);
}

}  // namespace tidewire::crypto
