#include "media/payload/red.h"

#include "base/byte_reader.h"

namespace tidewire::media {

std::optional<RedPayload> parse_red(ByteView payload) {
  RedPayload red;
  ByteReader in(payload);
  std::array<std::size_t, kMaxRedCopies> lengths{};
  while (true) {
    // RFC 2198 §3: F says that another header follows; the last one is of one byte.
    const std::uint8_t first = in.u8();
    const rtp::PayloadType payload_type(first & 0x7fU);
    if ((first & 0x80U) == 0) {
      red.primary.payload_type = payload_type;
      break;
    }
    const std::uint32_t rest = in.u24();
    if (!in.ok() || red.count == kMaxRedCopies) return std::nullopt;
    lengths[red.count] = rest & kMaxRedLength;
    red.blocks[red.count++] = {payload_type, rest >> 10, {}};
  }
  for (std::size_t i = 0; i < red.count; ++i) red.blocks[i].payload = in.take(lengths[i]);
  red.primary.payload = in.rest();
  if (!in.ok() || red.primary.payload.empty()) return std::nullopt;
  return red;
}

bool write_red(Packet& packet, std::span<const RedBlock> copies, const RedBlock& primary) {
  for (const RedBlock& copy : copies) {
    if (copy.offset > kMaxRedOffset || copy.payload.size() > kMaxRedLength) return false;
    const std::uint32_t rest = copy.offset << 10 | static_cast<std::uint32_t>(copy.payload.size());
    const std::array<std::uint8_t, kRedBlockHeader> header{
        static_cast<std::uint8_t>(0x80U | copy.payload_type.value()), static_cast<std::uint8_t>(rest >> 16),
        static_cast<std::uint8_t>(rest >> 8), static_cast<std::uint8_t>(rest)};
    if (!packet.append(header)) return false;
  }
  const std::array<std::uint8_t, kRedPrimaryHeader> header{primary.payload_type.value()};
  if (!packet.append(header)) return false;
  for (const RedBlock& copy : copies) {
    if (!packet.append(copy.payload)) return false;
  }
  return packet.append(primary.payload);
}

}  // namespace tidewire::media
