// TCP and TLS connections below a session: what it asks of the shell that has the sockets.
//
// A stream carries whole messages. The shell frames what the session sends and cuts what arrives, so that both sides of
// it see datagrams: Datagram::stream names the connection.
#pragma once

#include <cstdint>
#include <string>

#include "tidewire/address.h"
#include "tidewire/ids.h"

namespace tidewire {

enum class StreamFraming : std::uint8_t {
  kStun,    // STUN messages and TURN ChannelData tell their own length (RFC 8489 §6.2.2, RFC 8656 §12.5)
  kLength,  // two bytes of length before each packet (RFC 4571, for ICE-TCP: RFC 6544 §3)
};

// A connection to be made.
struct StreamRequest {
  StreamId id;
  SocketAddress local;  // bind here; 0.0.0.0 or ::, port 0: the system chooses
  SocketAddress remote;
  StreamFraming framing = StreamFraming::kStun;
  bool tls = false;
  std::string server_name;  // TLS: sent as SNI and checked against the certificate

  friend bool operator==(const StreamRequest&, const StreamRequest&) = default;
};

}  // namespace tidewire
