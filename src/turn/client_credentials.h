// The client's side of the long-term credential mechanism: answers challenges, signs requests, verifies responses
// (RFC 8489 §9.2.3, §9.2.5).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "stun/builder.h"
#include "stun/message.h"
#include "turn/client_types.h"
#include "turn/long_term_credential.h"

namespace tidewire::turn {

class ClientCredentials {
 public:
  ClientCredentials(std::string username, std::string password, std::optional<KnownRealm> known);

  // What a challenge (401 or 438) changed.
  enum class Lesson : std::uint8_t {
    kUnusable,   // no realm or nonce, no algorithm that is known here, or features taken out on the way
    kNothing,    // the same as before
    kNewNonce,   // another nonce alone
    kNewSecret,  // another realm or algorithm, hence another key
  };
  Lesson learn(const stun::MessageView& challenge);

  // A challenge has been seen: requests can be signed.
  bool known() const { return known_.has_value(); }
  const std::optional<KnownRealm>& known_realm() const { return known_; }
  // Changes with each nonce.
  std::uint32_t nonce_generation() const { return nonce_generation_; }

  // Adds what identifies and protects a request. Only when known().
  void sign(stun::MessageBuilder& builder) const;
  // True when a response bears the integrity that fits the requests.
  bool verify(const stun::MessageView& response) const;

 private:
  bool uses_sha256() const { return known_ && !known_->password_algorithms.empty(); }
  void make_key();

  std::string username_;
  std::string password_;
  std::optional<KnownRealm> known_;
  LongTermKey key_;
  std::uint32_t nonce_generation_ = 0;
};

}  // namespace tidewire::turn
