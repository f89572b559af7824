#include "datachannel/dcep.h"

#include <algorithm>

#include "base/byte_reader.h"
#include "base/byte_writer.h"

namespace tidewire::datachannel {
namespace {

// RFC 8832 §5.1: channel types. The highest bit means unordered.
constexpr std::uint8_t kReliable = 0x00;
constexpr std::uint8_t kLimitedByRetransmits = 0x01;
constexpr std::uint8_t kLimitedByTime = 0x02;
constexpr std::uint8_t kUnordered = 0x80;

constexpr std::size_t kOpenHeader = 12;

}  // namespace

std::optional<OpenMessage> parse_open(ByteView bytes) {
  ByteReader reader(bytes);
  if (reader.u8() != kMessageOpen) return std::nullopt;
  const std::uint8_t type = reader.u8();
  OpenMessage open;
  open.priority = reader.u16();
  const auto limit = static_cast<std::uint16_t>(std::min<std::uint32_t>(reader.u32(), UINT16_MAX));
  const std::size_t label = reader.u16();
  const std::size_t protocol = reader.u16();
  open.label = as_text(reader.take(label));
  open.protocol = as_text(reader.take(protocol));
  if (!reader.ok() || !reader.empty()) return std::nullopt;
  open.ordered = (type & kUnordered) == 0;
  switch (type & ~kUnordered) {
    case kReliable: break;
    case kLimitedByRetransmits: open.max_retransmits = limit; break;
    case kLimitedByTime: open.max_packet_life_time = limit; break;
    default: return std::nullopt;
  }
  return open;
}

Bytes build_open(const OpenMessage& open) {
  Bytes bytes(kOpenHeader + open.label.size() + open.protocol.size());
  std::uint8_t type = kReliable;
  if (open.max_retransmits) type = kLimitedByRetransmits;
  if (open.max_packet_life_time) type = kLimitedByTime;
  if (!open.ordered) type |= kUnordered;
  ByteWriter writer(bytes);
  writer.u8(kMessageOpen);
  writer.u8(type);
  writer.u16(open.priority);
  writer.u32(open.max_retransmits ? *open.max_retransmits : open.max_packet_life_time.value_or(0));
  writer.u16(open.label.size());
  writer.u16(open.protocol.size());
  writer.bytes(as_bytes(open.label));
  writer.bytes(as_bytes(open.protocol));
  return bytes;
}

std::uint16_t priority_value(Priority priority) {
  switch (priority) {
    case Priority::kVeryLow: return 128;
    case Priority::kLow: return 256;
    case Priority::kMedium: return 512;
    case Priority::kHigh: return 1024;
  }
  return 256;
}

Priority priority_from(std::uint16_t value) {
  if (value <= 128) return Priority::kVeryLow;
  if (value <= 256) return Priority::kLow;
  return value <= 512 ? Priority::kMedium : Priority::kHigh;
}

Bytes build_ack() { return {kMessageAck}; }

}  // namespace tidewire::datachannel
