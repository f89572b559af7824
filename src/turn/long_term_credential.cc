#include "turn/long_term_credential.h"

#include <algorithm>

#include "base/base64.h"
#include "base/byte_reader.h"

namespace tidewire::turn {
namespace {

constexpr std::string_view kNonceCookie = "obMatJos2";  // RFC 8489 §9.2
constexpr std::size_t kFeatureChars = 4;
// RFC 8489 §18.1 with erratum 6290 and the example of §B.1: bit 0, password algorithms, is the least significant of
// the 24 and bit 1 is username anonymity. Servers that follow the uncorrected text count from the other end; no bit of
// the one order means something else in the other, so both are read.
constexpr std::uint32_t kPasswordAlgorithmsBit = 0x000001;
constexpr std::uint32_t kUsernameAnonymityBit = 0x000002;
constexpr std::uint32_t kPasswordAlgorithmsBitUncorrected = 0x800000;
constexpr std::uint32_t kUsernameAnonymityBitUncorrected = 0x400000;

}  // namespace

LongTermKey::LongTermKey(std::string_view username, std::string_view realm, std::string_view password,
                         PasswordAlgorithm algorithm) {
  std::string text;
  text.append(username).append(":").append(realm).append(":").append(password);
  const auto keep = [&](const auto& digest) {
    std::copy(digest.begin(), digest.end(), bytes_.begin());
    size_ = digest.size();
  };
  if (algorithm == PasswordAlgorithm::kSha256) {
    keep(crypto::sha256(as_bytes(text)));
  } else {
    keep(crypto::md5(as_bytes(text)));
  }
}

crypto::Sha256Digest userhash(std::string_view username, std::string_view realm) {
  std::string text;
  text.append(username).append(":").append(realm);
  return crypto::sha256(as_bytes(text));
}

std::array<std::uint8_t, 4> password_algorithm_value(PasswordAlgorithm algorithm) {
  return {0, static_cast<std::uint8_t>(algorithm), 0, 0};  // neither has parameters
}

std::optional<PasswordAlgorithm> first_known_algorithm(ByteView password_algorithms) {
  ByteReader reader(password_algorithms);
  while (!reader.empty()) {
    const std::uint16_t number = reader.u16();
    const std::size_t parameters = reader.u16();
    // RFC 8489 §14.11: parameters are padded; the last padding may be the attribute's own.
    reader.skip(std::min(reader.remaining(), (parameters + 3) & ~std::size_t{3}));
    if (!reader.ok()) return std::nullopt;
    const auto algorithm = static_cast<PasswordAlgorithm>(number);
    const bool known = algorithm == PasswordAlgorithm::kMd5 || algorithm == PasswordAlgorithm::kSha256;
    if (known && parameters == 0) return algorithm;  // RFC 8489 §18.5.1: neither has parameters
  }
  return std::nullopt;
}

NonceFeatures nonce_features(std::string_view nonce) {
  if (!nonce.starts_with(kNonceCookie)) return {};
  const auto bits = base64_decode(nonce.substr(kNonceCookie.size(), kFeatureChars));
  if (!bits || bits->size() != 3) return {};
  const std::uint32_t set = ByteReader(*bits).u24();
  return {.password_algorithms = (set & (kPasswordAlgorithmsBit | kPasswordAlgorithmsBitUncorrected)) != 0,
          .username_anonymity = (set & (kUsernameAnonymityBit | kUsernameAnonymityBitUncorrected)) != 0};
}

std::string nonce_cookie(const NonceFeatures& features) {
  const std::uint32_t set = (features.password_algorithms ? kPasswordAlgorithmsBit : 0) |
                            (features.username_anonymity ? kUsernameAnonymityBit : 0);
  const std::array<std::uint8_t, 3> bits{0, 0, static_cast<std::uint8_t>(set)};
  return std::string(kNonceCookie) + base64_encode(bits);
}

}  // namespace tidewire::turn
