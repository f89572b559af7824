// ChannelData: the four bytes in front of data that TURN client and server exchange for a bound peer (RFC 8656 §12.4).
//
// On a stream the message is padded to a multiple of four, which stun/stream_framer.h puts on and takes off.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/packet.h"
#include "base/strong_id.h"
#include "tidewire/bytes.h"

namespace tidewire::turn {

using ChannelNumber = StrongId<struct ChannelNumberTag, std::uint16_t>;

// RFC 8656 §12: what our client binds.
inline constexpr ChannelNumber kFirstChannel{0x4000};
inline constexpr ChannelNumber kLastChannel{0x4fff};

inline constexpr std::size_t kChannelHeaderSize = 4;

// What a server lets clients bind. DEVIATES RFC 8656 §12.2 because clients of RFC 5766 (§11: 0x4000 to 0x7FFF), such as
// coturn's own, know nothing of the smaller range, and nothing else on a server's port begins like that.
constexpr bool is_bindable(ChannelNumber channel) { return channel >= kFirstChannel && channel.value() <= 0x7fff; }

// RFC 5766 §11: the first two bits tell ChannelData from STUN. Of RFC 7983 §7's 64 to 79 that is the wider range.
constexpr bool looks_like_channel_data(ByteView datagram) {
  return datagram.size() >= kChannelHeaderSize && datagram[0] >> 6 == 1;
}

// A ChannelData message inside bytes that outlive the view.
struct ChannelDataView {
  ChannelNumber channel;
  ByteView data;
};

// Nothing when it is none, or is shorter than it says. What follows the data is padding, which UDP may carry too
// (RFC 8656 §12.5).
inline std::optional<ChannelDataView> parse_channel_data(ByteView datagram) {
  if (!looks_like_channel_data(datagram)) return std::nullopt;
  const auto u16_at = [&](std::size_t at) { return static_cast<std::uint16_t>(datagram[at] << 8 | datagram[at + 1]); };
  const std::size_t size = u16_at(2);
  // RFC 8656 §12.6, §12.7: a length beyond the end of the datagram: silently discarded.
  if (size > datagram.size() - kChannelHeaderSize) return std::nullopt;
  return ChannelDataView{ChannelNumber{u16_at(0)}, datagram.subspan(kChannelHeaderSize, size)};
}

// Writes the header of a message with so many bytes of data (at most 0xffff), and tells how long it is.
inline std::size_t write_channel_header(std::span<std::uint8_t, kChannelHeaderSize> out, ChannelNumber channel,
                                        std::size_t data_size) {
  out[0] = static_cast<std::uint8_t>(channel.value() >> 8);
  out[1] = static_cast<std::uint8_t>(channel.value());
  out[2] = static_cast<std::uint8_t>(data_size >> 8);
  out[3] = static_cast<std::uint8_t>(data_size);
  return kChannelHeaderSize;
}
// Puts the header before the packet's bytes. False, unchanged, when there is no headroom.
[[nodiscard]] bool prepend_channel_header(Packet& packet, ChannelNumber channel);
// Leaves of a ChannelData message, which parse_channel_data accepted, the data: nothing is copied.
void strip_channel_header(Packet& packet, std::size_t data_size);

}  // namespace tidewire::turn
