#include "media/rtx.h"

#include <cstring>

namespace tidewire::media {

Packet wrap_rtx(const Packet& original, const RtxConfig& rtx, std::uint16_t rtx_sequence_number,
                const rtp::Extensions& extensions, const rtp::ExtensionMap& map, PacketPool& pool) {
  const auto view = rtp::PacketView::parse(original.bytes());
  if (!view) return {};
  Packet packet = pool.copy_of(view->payload);
  if (!packet || !packet.prepend(2)) return {};
  packet.data()[0] = static_cast<std::uint8_t>(view->header.sequence_number >> 8);
  packet.data()[1] = static_cast<std::uint8_t>(view->header.sequence_number);
  const rtp::HeaderFields fields{view->header.marker, rtx.payload_type, rtx_sequence_number, view->header.timestamp,
                                 rtx.ssrc};
  if (!rtp::write_header(packet, fields, extensions, map)) return {};
  return packet;
}

bool unwrap_rtx(Packet& packet, const rtp::PacketView& view, rtp::Ssrc ssrc, rtp::PayloadType payload_type) {
  if (view.payload.size() <= 2) return false;
  const std::uint8_t number[2] = {view.payload[0], view.payload[1]};
  // The header, extensions and all, moves over the two bytes that go.
  const std::size_t header = view.header.size;
  std::memmove(packet.data() + 2, packet.data(), header);
  packet.remove_prefix(2);
  std::uint8_t* bytes = packet.data();
  bytes[1] = static_cast<std::uint8_t>((bytes[1] & 0x80) | payload_type.value());
  std::memcpy(bytes + 2, number, 2);
  for (int i = 0; i < 4; ++i) bytes[8 + i] = static_cast<std::uint8_t>(ssrc.value() >> (24 - 8 * i));
  return true;
}

}  // namespace tidewire::media
