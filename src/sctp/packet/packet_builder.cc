#include "sctp/packet/packet_builder.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "sctp/packet/crc32c.h"

namespace tidewire::sctp {
namespace {

// The room of the packet becomes the writer's buffer; finish() cuts off what was not written.
MutableByteView open_buffer(Packet& packet, std::size_t mtu) {
  const std::size_t size = std::min(mtu, packet.tailroom()) & ~std::size_t{3};
  const bool fits = packet.resize(size);
  assert(fits);
  static_cast<void>(fits);
  return packet.bytes();
}

}  // namespace

PacketBuilder::PacketBuilder(Packet packet, std::size_t mtu, std::uint16_t source_port, std::uint16_t destination_port)
    : packet_(std::move(packet)),
      writer_(open_buffer(packet_, mtu)),
      source_port_(source_port),
      destination_port_(destination_port) {}

void PacketBuilder::begin(std::uint32_t verification_tag) {
  needs_checksum_ = false;
  writer_ = ByteWriter(packet_.bytes());
  writer_.u16(source_port_);
  writer_.u16(destination_port_);
  writer_.u32(verification_tag);
  writer_.u32(0);  // the checksum, written last
}

bool PacketBuilder::append(ByteView chunk) {
  if (chunk.size() > room()) return false;
  needs_checksum_ |= needs_checksum(ChunkType{chunk[0]});
  writer_.bytes(chunk);
  writer_.pad_to(4);
  return true;
}

ByteWriter& PacketBuilder::start_chunk(ChunkType type, std::uint8_t flags) {
  needs_checksum_ |= needs_checksum(type);
  chunk_start_ = writer_.size();
  writer_.u8(static_cast<std::uint8_t>(type));
  writer_.u8(flags);
  writer_.u16(0);
  return writer_;
}

void PacketBuilder::end_chunk() {
  assert(writer_.ok());
  writer_.patch_u16(chunk_start_ + 2, writer_.size() - chunk_start_);
  writer_.pad_to(4);
}

Packet PacketBuilder::finish(bool zero_checksum) && {
  packet_.remove_suffix(packet_.size() - writer_.size());
  if (zero_checksum && !needs_checksum_) return std::move(packet_);
  // RFC 9260 Appendix A: the low byte first.
  const std::uint32_t checksum = packet_checksum(packet_.bytes());
  for (std::size_t i = 0; i < 4; ++i) packet_.data()[8 + i] = static_cast<std::uint8_t>(checksum >> (8 * i));
  return std::move(packet_);
}

}  // namespace tidewire::sctp
