// What the owner of a STUN and TURN server decides.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tidewire/address.h"
#include "tidewire/result.h"
#include "tidewire/time.h"
#include "turn/peer_policy.h"

namespace tidewire::turn {

struct ServerUser {
  std::string name;
  std::string password;
};

struct ServerConfig {
  // The sockets that clients are served on. Nothing is ever relayed to them.
  std::vector<SocketAddress> listen;
  // RFC 5780 §6: an address and a port that both differ from those of listen.front(). The owner then has four sockets
  // open, each address with each port, and clients may ask which of them answers.
  std::optional<SocketAddress> alternate;

  // Where relayed ports are opened; without either one the server answers Binding requests only.
  std::optional<IpAddress> relay_v4;
  std::optional<IpAddress> relay_v6;
  // What clients are told instead, for a server behind a NAT that maps addresses one to one.
  std::optional<IpAddress> advertised_v4;
  std::optional<IpAddress> advertised_v6;
  // RFC 8656 §7.2: the dynamic ports.
  std::uint16_t first_relay_port = 49152;
  std::uint16_t last_relay_port = 65535;

  // At most kMaxRealm bytes, so that a challenge over UDP is never more than 1.5 times what asked for it.
  std::string realm = "tidewire";
  std::vector<ServerUser> users;
  // Time-limited credentials ("TURN REST"): the name is "expiry:user" with the Unix time of its end, the password
  // base64(HMAC-SHA1(secret, name)). Several, so that a secret can be replaced while the old one still counts.
  std::vector<std::string> shared_secrets;
  // False: a call goes on when the credentials that began it have run out. True: its next refresh is refused.
  bool end_with_credentials = false;

  std::size_t max_allocations = 10'000;        // beyond it: 508
  std::size_t max_allocations_per_user = 100;  // beyond it: 486
  // What one allocation may carry, both ways together, 0: as much as comes. Beyond it datagrams are dropped, as a full
  // link would.
  std::uint64_t max_bytes_per_second = 0;
  Duration default_lifetime = std::chrono::minutes(10);  // RFC 8656 §3.2
  Duration max_lifetime = std::chrono::hours(1);         // RFC 8656 §7.2
  Duration nonce_lifetime = std::chrono::hours(1);

  // On top of what PeerPolicy refuses by itself.
  std::vector<Cidr> allow;
  std::vector<Cidr> deny;

  // How many answers a source (an IPv4 address, an IPv6 /64) that is not authenticated gets over UDP, beside answers
  // to Binding requests: many, because thousands may share an address and come back at once after an outage; they are
  // hardly longer than what asks for them. Loopback addresses are not counted: nobody else can speak in their name.
  std::uint32_t challenges_per_second = 500;
  std::uint32_t challenge_burst = 2000;

  // The owner sets DF on what leaves its relayed ports: DONT-FRAGMENT is understood.
  bool relays_set_dont_fragment = false;
  // SOFTWARE, in authenticated answers; empty: none.
  std::string software;

  static constexpr std::size_t kMaxRealm = 8;
};

// What is wrong with a configuration. A server takes a wrong one too, and refuses what it cannot do.
Result<> check(const ServerConfig& config);

}  // namespace tidewire::turn
