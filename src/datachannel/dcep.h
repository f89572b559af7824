// The Data Channel Establishment Protocol's two messages (RFC 8832 §5).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tidewire/bytes.h"
#include "tidewire/data_channel_init.h"

namespace tidewire::datachannel {

// RFC 8831 §8, RFC 8832 §8.1: payload protocol identifiers. 52 and 54, for pieces of messages, are deprecated and
// taken for unknown ones.
inline constexpr std::uint32_t kPpidControl = 50;
inline constexpr std::uint32_t kPpidString = 51;
inline constexpr std::uint32_t kPpidBinary = 53;
inline constexpr std::uint32_t kPpidStringEmpty = 56;
inline constexpr std::uint32_t kPpidBinaryEmpty = 57;

// RFC 8832 §8.2.1
inline constexpr std::uint8_t kMessageAck = 0x02;
inline constexpr std::uint8_t kMessageOpen = 0x03;

// DATA_CHANNEL_OPEN (§5.1)
struct OpenMessage {
  std::string label;
  bool ordered = true;
  std::optional<std::uint16_t> max_packet_life_time;
  std::optional<std::uint16_t> max_retransmits;
  std::string protocol;
  std::uint16_t priority = 256;  // RFC 8831 §6.4: 256 is normal
};

// webrtc-priority §3.1 and RFC 8831 §6.4: 128 is below normal, 256 normal, 512 high, 1024 extra high.
std::uint16_t priority_value(Priority priority);
// Any value is legal on the wire. W3C §6.2: one between two of them counts as the higher one.
Priority priority_from(std::uint16_t value);

// Nothing when it is malformed. Limits beyond 16 bits, which the API cannot tell, become 65535.
std::optional<OpenMessage> parse_open(ByteView bytes);
// Label and protocol are at most 65535 bytes; at most one limit is set.
Bytes build_open(const OpenMessage& open);

// DATA_CHANNEL_ACK (§5.2)
Bytes build_ack();

}  // namespace tidewire::datachannel
