#include "sctp/packet/chunk.h"

#include <algorithm>

#include "sctp/packet/crc32c.h"

namespace tidewire::sctp {
namespace {

constexpr std::size_t padded(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

// RFC 9260 §3.2: the length counts the header but not the padding; the padding of the last one may be missing.
std::optional<ByteView> take_tlv(ByteView& rest, bool& ok) {
  if (rest.empty()) return std::nullopt;
  ByteReader reader(rest);
  reader.skip(2);
  const std::size_t length = reader.u16();
  if (!reader.ok() || length < kChunkHeaderSize || length > rest.size()) {
    ok = false;
    rest = {};
    return std::nullopt;
  }
  const ByteView whole = rest.first(length);
  rest = rest.subspan(std::min(padded(length), rest.size()));
  return whole;
}

}  // namespace

std::optional<CommonHeader> parse_common_header(ByteView packet, bool takes_zero) {
  if (packet.size() < kCommonHeaderSize + kChunkHeaderSize) return std::nullopt;
  // RFC 9260 §6.8: the checksum is that of the packet with zeroes in the checksum's place. Appendix A: its low byte
  // goes first, unlike all other fields.
  const std::uint32_t checksum =
      packet[8] | std::uint32_t{packet[9]} << 8 | std::uint32_t{packet[10]} << 16 | std::uint32_t{packet[11]} << 24;
  const bool unchecked = checksum == 0 && takes_zero && !needs_checksum(ChunkType{packet[kCommonHeaderSize]});
  if (!unchecked && packet_checksum(packet) != checksum) return std::nullopt;
  ByteReader reader(packet);
  CommonHeader header;
  header.source_port = reader.u16();
  header.destination_port = reader.u16();
  header.verification_tag = reader.u32();
  return header;
}

std::optional<ChunkView> ChunkReader::next() {
  const auto whole = take_tlv(rest_, ok_);
  if (!whole) return std::nullopt;
  return ChunkView{static_cast<ChunkType>((*whole)[0]), (*whole)[1], whole->subspan(kChunkHeaderSize), *whole};
}

std::optional<ParameterView> ParameterReader::next() {
  const auto whole = take_tlv(rest_, ok_);
  if (!whole) return std::nullopt;
  const auto type = static_cast<std::uint16_t>((*whole)[0] << 8 | (*whole)[1]);
  return ParameterView{type, 0, whole->subspan(kChunkHeaderSize), *whole};
}

}  // namespace tidewire::sctp
