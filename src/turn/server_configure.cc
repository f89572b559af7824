// What a TURN server may be told, and told otherwise later.
#include <string>
#include <utility>

#include "turn/server.h"

namespace tidewire::turn {
namespace {

Error wrong(std::string message) { return {ErrorCode::kRange, std::move(message)}; }

// What of it is different and may not be; nothing: null.
const char* fixed_difference(const ServerConfig& one, const ServerConfig& other) {
  if (one.listen != other.listen) return "listen";
  if (one.alternate != other.alternate) return "alternate";
  if (one.relay_v4 != other.relay_v4) return "relay_v4";
  if (one.relay_v6 != other.relay_v6) return "relay_v6";
  if (one.advertised_v4 != other.advertised_v4) return "advertised_v4";
  if (one.advertised_v6 != other.advertised_v6) return "advertised_v6";
  if (one.first_relay_port != other.first_relay_port) return "first_relay_port";
  if (one.last_relay_port != other.last_relay_port) return "last_relay_port";
  return nullptr;
}

}  // namespace

Result<> check(const ServerConfig& config) {
  if (config.relay_v4 && !config.relay_v4->is_v4()) return wrong("relay_v4 is no IPv4 address.");
  if (config.relay_v6 && !config.relay_v6->is_v6()) return wrong("relay_v6 is no IPv6 address.");
  if (config.advertised_v4 && !config.advertised_v4->is_v4()) return wrong("advertised_v4 is no IPv4 address.");
  if (config.advertised_v6 && !config.advertised_v6->is_v6()) return wrong("advertised_v6 is no IPv6 address.");
  const bool relays = config.relay_v4 || config.relay_v6;
  if (relays && (config.first_relay_port == 0 || config.last_relay_port < config.first_relay_port)) {
    return wrong("The range of relayed ports is empty; the usual one is 49152 to 65535.");
  }
  for (const SocketAddress& address : config.listen) {
    if (relays && address.port >= config.first_relay_port && address.port <= config.last_relay_port) {
      return wrong("The listening port " + std::to_string(address.port) + " lies within the range of relayed ports.");
    }
  }
  if (config.alternate && (config.listen.empty() || config.alternate->ip == config.listen.front().ip ||
                           config.alternate->port == config.listen.front().port)) {
    return wrong("The alternate address must differ from the first listening one in address and port.");
  }
  if (config.realm.empty() || config.realm.size() > ServerConfig::kMaxRealm) {
    return wrong("The realm must have 1 to " + std::to_string(ServerConfig::kMaxRealm) +
                 " bytes: a longer one would let others use the server to multiply what they send.");
  }
  if (config.shared_secrets.size() > Credentials::kMaxSecrets) {
    return wrong("There are more than " + std::to_string(Credentials::kMaxSecrets) + " shared secrets.");
  }
  return {};
}

std::uint64_t Server::cost_per_byte(const ServerConfig& config) {
  constexpr std::uint64_t kSecond = 1'000'000'000;
  return config.max_bytes_per_second == 0 ? 0
                                          : std::max((kSecond << 16) / config.max_bytes_per_second, std::uint64_t{1});
}

Result<> Server::reconfigure(const ServerConfig& config) {
  if (auto checked = check(config); !checked) return checked;
  if (const char* name = fixed_difference(config_, config)) {
    return Error{ErrorCode::kInvalidModification,
                 std::string(name) + " cannot change while the server runs; start another server for it."};
  }
  config_ = config;
  policy_ = PeerPolicy(config);
  credentials_ = Credentials(config, random_);
  nonces_.set_lifetime(config.nonce_lifetime);
  limiter_.set_rate(config.challenges_per_second, config.challenge_burst);
  ledger_.set_limits(config);
  cost_per_byte_ = cost_per_byte(config);
  allocations_.for_each([this](Allocation& allocation) {
    std::erase_if(allocation.permissions,
                  [this](const Allocation::Permission& permission) { return !policy_.allows(permission.peer); });
    std::erase_if(allocation.channels, [this](const Allocation::Channel& channel) {
      return !policy_.allows(channel.peer.ip) || !policy_.allows_port(channel.peer);
    });
    close_forbidden_connections(allocation);
  });
  return {};
}

}  // namespace tidewire::turn
