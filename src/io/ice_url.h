// The URL of a STUN or TURN server, as RTCIceServer.urls has it (RFC 7064, RFC 7065).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tidewire/result.h"

namespace tidewire::io {

struct IceUrl {
  enum class Scheme : std::uint8_t { kStun, kStuns, kTurn, kTurns };
  // What carries the messages; stuns and turns put TLS on top of TCP.
  enum class Transport : std::uint8_t { kUdp, kTcp };

  static constexpr std::uint16_t kDefaultPort = 3478;     // RFC 7064 §3.2, RFC 7065 §3.2
  static constexpr std::uint16_t kDefaultTlsPort = 5349;  // likewise
  static constexpr std::size_t kMaxHostLength = 253;      // RFC 1035 §2.3.4, in textual form

  Scheme scheme = Scheme::kStun;
  std::string host;  // name or address; IPv6 without brackets
  std::uint16_t port = kDefaultPort;
  Transport transport = Transport::kUdp;

  bool is_turn() const { return scheme == Scheme::kTurn || scheme == Scheme::kTurns; }
  bool is_secure() const { return scheme == Scheme::kStuns || scheme == Scheme::kTurns; }
  // With the port always, and the transport of a turn or turns URL.
  std::string to_string() const;

  friend bool operator==(const IceUrl&, const IceUrl&) = default;
};

std::string_view to_string(IceUrl::Scheme scheme);        // "stun", "stuns", "turn", "turns"
std::string_view to_string(IceUrl::Transport transport);  // "udp", "tcp"

// The error is one sentence with the URL in it: kSyntax for what no URL of these is, kNotSupported for turns over UDP,
// which would be DTLS.
Result<IceUrl> parse_ice_url(std::string_view text);

}  // namespace tidewire::io
