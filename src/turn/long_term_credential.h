// The long-term credential mechanism of STUN: keys, password algorithms and what a nonce announces (RFC 8489 §9.2).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/hash.h"
#include "tidewire/bytes.h"

namespace tidewire::turn {

// RFC 8489 §18.5
enum class PasswordAlgorithm : std::uint16_t { kMd5 = 1, kSha256 = 2 };

// The key of MESSAGE-INTEGRITY and MESSAGE-INTEGRITY-SHA256: 16 bytes, or 32 with SHA-256.
class LongTermKey {
 public:
  LongTermKey() = default;
  // RFC 8489 §9.2.2: the digest of username ":" realm ":" password.
  // DEVIATES RFC 8489 §9.2.2 because the OpaqueString profile leaves ASCII as it is and real credentials are ASCII:
  // the texts are taken byte by byte.
  LongTermKey(std::string_view username, std::string_view realm, std::string_view password,
              PasswordAlgorithm algorithm);

  ByteView bytes() const { return ByteView(bytes_).first(size_); }

 private:
  std::array<std::uint8_t, 32> bytes_{};
  std::size_t size_ = 0;
};

// RFC 8489 §14.4: what USERHASH carries instead of USERNAME.
crypto::Sha256Digest userhash(std::string_view username, std::string_view realm);

// The value of PASSWORD-ALGORITHM (RFC 8489 §14.12); PASSWORD-ALGORITHMS is a run of them (§14.11).
std::array<std::uint8_t, 4> password_algorithm_value(PasswordAlgorithm algorithm);
// RFC 8489 §9.2.5: the first one of a PASSWORD-ALGORITHMS value that is known here.
std::optional<PasswordAlgorithm> first_known_algorithm(ByteView password_algorithms);

// RFC 8489 §9.2: a nonce may begin with a cookie and the base64 text of 24 feature bits, so that nobody can take
// the features out of a response unnoticed (a bid down).
struct NonceFeatures {
  bool password_algorithms = false;
  bool username_anonymity = false;
};
NonceFeatures nonce_features(std::string_view nonce);
// What a server puts in front of its nonces.
std::string nonce_cookie(const NonceFeatures& features);

}  // namespace tidewire::turn
