// Who may use a TURN server: users with a password, and names that carry their own end (TURN REST).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "crypto/random.h"
#include "tidewire/time.h"
#include "turn/long_term_credential.h"

namespace tidewire::turn {

struct ServerConfig;

// What time-limited credentials are made of: the password of a name under a secret, for whoever hands them out.
std::string time_limited_password(std::string_view secret, std::string_view name);
// "expiry:user", the Unix time in seconds.
std::string time_limited_name(UnixTime expiry, std::string_view user);

class Credentials {
 public:
  static constexpr std::size_t kMaxSecrets = 4;

  Credentials(const ServerConfig& config, crypto::Random& random);

  // The keys that a request by this name may be signed with: one for a user, one for each secret, and one that nobody
  // has when the name is unknown or past its end, so that refusing costs the same.
  std::vector<LongTermKey> keys(std::string_view name, PasswordAlgorithm algorithm, UnixTime now) const;

  // Whom a name's allocations are counted for: new names of the same user share one quota.
  std::string_view account(std::string_view name) const;

 private:
  std::string realm_;
  std::unordered_map<std::string, std::string> passwords_;
  std::vector<std::string> secrets_;
  std::string nobody_;
};

}  // namespace tidewire::turn
