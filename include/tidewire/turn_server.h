// A relay server whose address is known.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tidewire/address.h"

namespace tidewire {

// How the client reaches the server; what the server does towards the peer is UDP always (RFC 8656 §3.1).
enum class TurnTransport : std::uint8_t { kUdp, kTcp, kTls };

constexpr std::string_view to_string(TurnTransport transport) {
  switch (transport) {
    case TurnTransport::kUdp: return "udp";
    case TurnTransport::kTcp: return "tcp";
    case TurnTransport::kTls: return "tls";
  }
  return "";
}

struct TurnServer {
  SocketAddress address;
  TurnTransport transport = TurnTransport::kUdp;
  std::string server_name;  // TLS: the name that its certificate has to bear
  std::string username;     // long-term credential (RFC 8489 §9.2)
  std::string credential;
  std::string url;  // as configured: named in errors

  friend bool operator==(const TurnServer&, const TurnServer&) = default;
};

}  // namespace tidewire
