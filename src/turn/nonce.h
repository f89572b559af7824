// Nonces of a TURN server that remembers none of them (RFC 8489 §9.2).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "crypto/random.h"
#include "tidewire/time.h"
#include "turn/five_tuple.h"

namespace tidewire::turn {

// A nonce is its birth and an authentication code over that and the client's 5-tuple: good for this client alone, and
// for a while. It is short, because it is sent to whoever asks.
class NonceMint {
 public:
  static constexpr std::size_t kSize = 12;  // characters, behind the cookie if there is one

  NonceMint(crypto::Random& random, Duration lifetime);
  // Also of those that are out.
  void set_lifetime(Duration lifetime);

  // With or without the cookie that announces password algorithms.
  std::string make(const FiveTuple& client, bool password_algorithms, Timestamp now) const;
  bool is_fresh(std::string_view nonce, const FiveTuple& client, Timestamp now) const;

 private:
  using Raw = std::array<std::uint8_t, 9>;  // 24 bits of seconds, 48 bits of HMAC-SHA256

  Raw raw(std::uint32_t birth, std::string_view cookie, const FiveTuple& client) const;

  std::array<std::uint8_t, 32> key_{};
  std::uint32_t lifetime_seconds_ = 1;
};

}  // namespace tidewire::turn
