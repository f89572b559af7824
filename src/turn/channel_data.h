// ChannelData: the four bytes in front of data that TURN client and server exchange for a bound peer (RFC 8656 §12.4).
//
// On a stream the message is padded to a multiple of four, which stun/stream_framer.h puts on and takes off.
#pragma once

#include <cstdint>
#include <optional>

#include "base/packet.h"
#include "base/strong_id.h"
#include "tidewire/bytes.h"

namespace tidewire::turn {

using ChannelNumber = StrongId<struct ChannelNumberTag, std::uint16_t>;

// RFC 8656 §12: what a client may bind.
inline constexpr ChannelNumber kFirstChannel{0x4000};
inline constexpr ChannelNumber kLastChannel{0x4fff};

inline constexpr std::size_t kChannelHeaderSize = 4;

constexpr bool is_bindable(ChannelNumber channel) { return channel >= kFirstChannel && channel <= kLastChannel; }

// RFC 7983 §7: cheap test that separates ChannelData from STUN, DTLS, SRTP and the rest on one port.
constexpr bool looks_like_channel_data(ByteView datagram) {
  return datagram.size() >= kChannelHeaderSize && datagram[0] >= 64 && datagram[0] <= 79;
}

// A ChannelData message inside bytes that outlive the view.
struct ChannelDataView {
  ChannelNumber channel;
  ByteView data;
};

// Nothing when it is none, or is shorter than it says. What follows the data is padding, which UDP may carry too
// (RFC 8656 §12.5).
std::optional<ChannelDataView> parse_channel_data(ByteView datagram);

// Puts the header before the packet's bytes. False, unchanged, when there is no headroom.
[[nodiscard]] bool prepend_channel_header(Packet& packet, ChannelNumber channel);
// Leaves of a ChannelData message, which parse_channel_data accepted, the data: nothing is copied.
void strip_channel_header(Packet& packet, std::size_t data_size);

}  // namespace tidewire::turn
