// What carries the data channels of a connection. https://www.w3.org/TR/webrtc/#rtcsctptransport-interface
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace tidewire {

enum class SctpTransportState : std::uint8_t { kConnecting, kConnected, kClosed };

// RTCSctpTransport, as of now. Its DTLS transport is the connection's: see StatsReport::transport.
struct SctpTransport {
  SctpTransportState state = SctpTransportState::kConnecting;
  // The largest message that can be sent: what the peer takes, and never more than 1 GiB.
  std::size_t max_message_size = 65536;
  // How many channels there can be at a time; nothing until it is connected.
  std::optional<std::uint16_t> max_channels;

  friend bool operator==(const SctpTransport&, const SctpTransport&) = default;
};

}  // namespace tidewire
