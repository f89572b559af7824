#include "turn/credentials.h"

#include <array>
#include <charconv>

#include "base/base64.h"
#include "crypto/hash.h"
#include "turn/server_config.h"

namespace tidewire::turn {
namespace {

// The end that a time-limited name states.
std::optional<UnixTime> expiry_of(std::string_view name) {
  constexpr std::uint64_t kLatest = 9'000'000'000;  // seconds that nanoseconds in 64 bits can hold
  const std::string_view digits = name.substr(0, name.find(':'));
  std::uint64_t seconds = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
  if (error != std::errc{} || end != digits.data() + digits.size() || seconds > kLatest) return std::nullopt;
  return UnixTime{std::chrono::seconds(static_cast<std::int64_t>(seconds))};
}

}  // namespace

std::string time_limited_password(std::string_view secret, std::string_view name) {
  return base64_encode(crypto::hmac_sha1(as_bytes(secret), as_bytes(name)));
}

std::string time_limited_name(UnixTime expiry, std::string_view user) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(expiry.since_epoch).count();
  return std::to_string(seconds) + ":" + std::string(user);
}

Credentials::Credentials(const ServerConfig& config, crypto::Random& random) : realm_(config.realm) {
  for (const ServerUser& user : config.users) passwords_.emplace(user.name, user.password);
  for (const std::string& secret : config.shared_secrets) {
    if (!secret.empty() && secrets_.size() < kMaxSecrets) secrets_.push_back(secret);
  }
  nobody_ = random.ice_chars(32);
}

std::vector<LongTermKey> Credentials::keys(std::string_view name, PasswordAlgorithm algorithm, UnixTime now) const {
  const auto user = passwords_.find(std::string(name));
  if (user != passwords_.end()) return {LongTermKey(name, realm_, user->second, algorithm)};
  const auto expiry = expiry_of(name);
  std::vector<LongTermKey> keys;
  if (expiry && now < *expiry) {
    for (const std::string& secret : secrets_) {
      keys.emplace_back(name, realm_, time_limited_password(secret, name), algorithm);
    }
  }
  if (keys.empty()) keys.emplace_back(name, realm_, nobody_, algorithm);
  return keys;
}

std::string_view Credentials::account(std::string_view name) const {
  if (passwords_.contains(std::string(name)) || !expiry_of(name)) return name;
  const std::size_t colon = name.find(':');
  return colon == std::string_view::npos ? std::string_view{} : name.substr(colon + 1);
}

}  // namespace tidewire::turn
