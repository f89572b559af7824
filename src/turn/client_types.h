// The words that a TURN client and its owner exchange: configuration, events, statistics.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "tidewire/address.h"
#include "tidewire/bytes.h"
#include "tidewire/ids.h"
#include "tidewire/time.h"
#include "turn/long_term_credential.h"

namespace tidewire::turn {

// What a server's challenge told (RFC 8489 §9.2.3.1): a later client of the same server starts with it.
struct KnownRealm {
  std::string realm;
  std::string nonce;
  // The server's PASSWORD-ALGORITHMS as it came, to be sent back unchanged; empty when there was none.
  Bytes password_algorithms;
  PasswordAlgorithm algorithm = PasswordAlgorithm::kMd5;

  friend bool operator==(const KnownRealm&, const KnownRealm&) = default;
};

// Which relayed addresses an allocation is to have (RFC 8656 §7.1).
enum class RelayedFamily : std::uint8_t {
  kIpv4,
  kIpv6,
  kBoth,  // as far as the server has them; IPv4 alone from a server that refuses the question
};

struct ClientConfig {
  SocketAddress local;   // the socket, or the near end of the stream, that requests leave from
  SocketAddress server;  // the far end of it
  StreamId stream;       // none: UDP
  // The long-term credential, as in RTCIceServer.
  std::string username;
  std::string password;
  // What an earlier client of the same server learnt: spares the round trip of the challenge.
  std::optional<KnownRealm> known_realm;
  RelayedFamily family = RelayedFamily::kIpv4;
  // RFC 8489 §6.2.1: the first retransmission timeout over UDP.
  Duration rto = std::chrono::milliseconds(500);
};

enum class ClientState : std::uint8_t { kNew, kAllocating, kAllocated, kClosing, kClosed, kFailed };
std::string_view to_string(ClientState state);  // "new", "allocating", …

// Why there is no allocation, or no longer.
enum class Cause : std::uint8_t {
  kTimeout,      // the server never answered: nobody there, or a firewall between
  kCredentials,  // 401, 441: wrong or outdated; or the challenge cannot be met
  kRefused,      // 400, 403 and whatever has no cause of its own
  kUnsupported,  // 420, 440, 442: the server cannot do what was asked (such as IPv6)
  kInUse,        // 437: the server still holds an allocation of this socket; use another socket (RFC 8656 §7.4)
  kQuota,        // 486, 508: no room for this user, or for anybody
  kRedirect,     // 300: try `alternate_server` (RFC 8489 §10)
  kLost,         // it was there, and has ended at the server or cannot be reached any more
};
std::string_view to_string(Cause cause);  // "timeout", "credentials", …

namespace event {

struct Allocated {
  SocketAddress relayed;  // what peers send to
  SocketAddress mapped;   // how the server sees this client
  // The second one of kBoth, for peers that have IPv6. When there is only one, of either family, it is `relayed`.
  std::optional<SocketAddress> relayed_v6{};
  Duration lifetime{};
};

// The end: nothing is sent or accepted any more.
struct Failed {
  // A STUN error code; kUnreachable when there was no answer; 0 when the answer made no sense.
  std::uint16_t code = 0;
  std::string reason;
  Cause cause{};
  std::optional<SocketAddress> alternate_server;
  std::string alternate_domain;  // what the alternate server's certificate says (RFC 8489 §14.16)

  // The code that an icecandidateerror has when no host could be reached (W3C WebRTC §4.8.2).
  static constexpr std::uint16_t kUnreachable = 701;
};

// Nothing can be sent to the peer's address; the allocation is not harmed.
struct PermissionRefused {
  IpAddress peer;
  std::uint16_t code = 0;  // as above
  std::string reason;
};

}  // namespace event

using Event = std::variant<event::Allocated, event::Failed, event::PermissionRefused>;

struct ClientStats {
  std::uint64_t requests_sent = 0;  // without retransmissions
  std::uint64_t retransmissions = 0;
  std::uint64_t channel_data_sent = 0;
  std::uint64_t send_indications_sent = 0;
  std::uint64_t data_received = 0;
  std::uint64_t output_dropped = 0;  // no allocation, a refused peer, another address family, too big
  std::uint64_t input_dropped = 0;   // garbled, unexpected, or of a peer without a permission
  std::uint64_t unauthentic = 0;     // responses that could not be believed
};

}  // namespace tidewire::turn
