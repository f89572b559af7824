#include "rtp/header.h"

#include "base/byte_reader.h"
#include "rtp/extension_elements.h"

namespace tidewire::rtp {

// RFC 3550 §5.1, §5.3.1
std::optional<Header> Header::parse(ByteView packet) {
  ByteReader reader(packet);
  const std::uint8_t first = reader.u8();
  const std::uint8_t second = reader.u8();
  Header header;
  header.padding = (first & 0x20U) != 0;
  header.has_extension = (first & 0x10U) != 0;
  header.marker = (second & 0x80U) != 0;
  header.payload_type = PayloadType(second & 0x7fU);
  header.sequence_number = reader.u16();
  header.timestamp = reader.u32();
  header.ssrc = Ssrc(reader.u32());
  header.csrcs = reader.take(std::size_t{first} % 16 * 4);
  if (header.has_extension) {
    header.extension_profile = reader.u16();
    header.extension = reader.take(std::size_t{reader.u16()} * 4);
  }
  if (!reader.ok() || first >> 6 != 2) return std::nullopt;
  header.size = packet.size() - reader.remaining();
  return header;
}

Ssrc Header::csrc(std::size_t i) const { return Ssrc(ByteReader(csrcs.subspan(i * 4)).u32()); }

std::optional<ByteView> Header::find_extension(std::uint8_t id) const {
  ExtensionElements elements(extension_profile, extension);
  while (const auto element = elements.next()) {
    if (element->id == id) return element->data;
  }
  return std::nullopt;
}

std::optional<PacketView> PacketView::parse(ByteView packet) {
  const std::optional<Header> header = Header::parse(packet);
  if (!header) return std::nullopt;
  PacketView view{*header, packet.subspan(header->size), 0};
  if (header->padding) {
    // RFC 3550 §5.1: the last byte counts the padding, itself included.
    if (view.payload.empty()) return std::nullopt;
    view.padding_size = view.payload.back();
    if (view.padding_size == 0 || view.padding_size > view.payload.size()) return std::nullopt;
    view.payload = view.payload.first(view.payload.size() - view.padding_size);
  }
  return view;
}

}  // namespace tidewire::rtp
