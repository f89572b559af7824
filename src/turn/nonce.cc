#include "turn/nonce.h"

#include <algorithm>

#include "base/base64.h"
#include "base/byte_writer.h"
#include "crypto/hash.h"
#include "turn/long_term_credential.h"

namespace tidewire::turn {
namespace {

constexpr std::size_t kBirthSize = 3;
constexpr std::uint32_t kBirthMask = 0xffffff;  // wraps after half a year

std::uint32_t seconds(Timestamp now) {
  const auto count = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  return static_cast<std::uint32_t>(count) & kBirthMask;
}

void write(ByteWriter& writer, const SocketAddress& address) {
  writer.u8(address.ip.bytes().size());
  writer.bytes(address.ip.bytes());
  writer.u16(address.port);
}

}  // namespace

NonceMint::NonceMint(crypto::Random& random, Duration lifetime) {
  random.fill(key_);
  set_lifetime(lifetime);
}

void NonceMint::set_lifetime(Duration lifetime) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(lifetime).count();
  lifetime_seconds_ = static_cast<std::uint32_t>(std::clamp<std::int64_t>(seconds, 1, kBirthMask / 2));
}

NonceMint::Raw NonceMint::raw(std::uint32_t birth, std::string_view cookie, const FiveTuple& client) const {
  std::array<std::uint8_t, 96> text{};
  ByteWriter writer(text);
  writer.u24(birth);
  writer.u8(cookie.size());
  writer.bytes(as_bytes(cookie));
  write(writer, client.client);
  write(writer, client.server);
  writer.u32(client.stream.value());
  const crypto::Sha256Digest digest = crypto::hmac_sha256(key_, writer.written());
  Raw raw{};
  std::copy_n(text.begin(), kBirthSize, raw.begin());
  std::copy_n(digest.begin(), raw.size() - kBirthSize, raw.begin() + kBirthSize);
  return raw;
}

std::string NonceMint::make(const FiveTuple& client, bool password_algorithms, Timestamp now) const {
  std::string nonce = password_algorithms ? nonce_cookie({.password_algorithms = true}) : std::string();
  return nonce + base64_encode(raw(seconds(now), nonce, client));
}

bool NonceMint::is_fresh(std::string_view nonce, const FiveTuple& client, Timestamp now) const {
  constexpr std::size_t kMaxCookie = 32;
  if (nonce.size() < kSize || nonce.size() > kSize + kMaxCookie) return false;
  const auto stated = base64_decode(nonce.substr(nonce.size() - kSize));
  if (!stated || stated->size() != Raw{}.size()) return false;
  const std::uint32_t birth = static_cast<std::uint32_t>((*stated)[0] << 16 | (*stated)[1] << 8 | (*stated)[2]);
  if (((seconds(now) - birth) & kBirthMask) >= lifetime_seconds_) return false;
  const Raw expected = raw(birth, nonce.substr(0, nonce.size() - kSize), client);
  return crypto::equal_in_constant_time(expected, *stated);
}

}  // namespace tidewire::turn
