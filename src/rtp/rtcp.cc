#include "rtp/rtcp.h"

#include "base/byte_reader.h"

namespace tidewire::rtp {

// RFC 3550 §6.4.1
std::optional<RtcpPacket> RtcpReader::next() {
  if (rest_.empty() || malformed_) return std::nullopt;
  ByteReader reader(rest_);
  const std::uint8_t first = reader.u8();
  RtcpPacket packet;
  packet.type = static_cast<RtcpType>(reader.u8());
  packet.count = first & 0x1fU;
  packet.body = reader.take(std::size_t{reader.u16()} * 4);
  malformed_ = !reader.ok() || first >> 6 != 2;
  if (malformed_) return std::nullopt;
  if ((first & 0x20U) != 0) {
    // The last byte counts the padding, itself included. DEVIATES RFC 3550 §6.4.1, by which it is a multiple of four,
    // because transport-wide feedback, whose content has any length, is padded to one, and browsers count what they
    // add.
    const std::size_t padding = packet.body.empty() ? 0 : packet.body.back();
    malformed_ = padding == 0 || padding > packet.body.size();
    if (malformed_) return std::nullopt;
    packet.body = packet.body.first(packet.body.size() - padding);
  }
  rest_ = reader.rest();
  return packet;
}

}  // namespace tidewire::rtp
