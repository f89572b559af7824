#include "rtp/flexfec_header.h"

#include <cstring>

#include "base/byte_reader.h"
#include "base/byte_writer.h"

namespace tidewire::rtp {

namespace {

// RFC 8627 §4.2.2.1: where the parts of a mask end.
constexpr std::size_t kFirstPart = 15;
constexpr std::size_t kSecondPart = 46;
constexpr std::size_t kThirdPart = 110;

std::size_t parts(const FlexfecMask& mask) {
  if ((mask >> kFirstPart).none()) return 1;
  return (mask >> kSecondPart).none() ? 2 : 3;
}

// The mask's bits [from, to), the first one as the most significant.
std::uint64_t bits(const FlexfecMask& mask, std::size_t from, std::size_t to) {
  std::uint64_t value = 0;
  for (std::size_t i = from; i < to; ++i) value = value << 1 | (mask[i] ? 1U : 0U);
  return value;
}

void set_bits(FlexfecMask& mask, std::size_t from, std::size_t to, std::uint64_t value) {
  for (std::size_t i = to; i > from; --i, value >>= 1) mask[i - 1] = (value & 1U) != 0;
}

// A set k bit says that another part follows.
void read_mask(ByteReader& reader, FlexfecMask& mask) {
  const std::uint16_t first = reader.u16();
  set_bits(mask, 0, kFirstPart, first);
  if ((first & 0x8000U) == 0) return;
  const std::uint32_t second = reader.u32();
  set_bits(mask, kFirstPart, kSecondPart, second);
  if ((second & 0x8000'0000U) == 0) return;
  set_bits(mask, kSecondPart, kThirdPart, reader.u64());
}

void write_mask(ByteWriter& writer, const FlexfecMask& mask) {
  const std::size_t count = parts(mask);
  writer.u16(bits(mask, 0, kFirstPart) | (count > 1 ? 0x8000U : 0U));
  if (count > 1) writer.u32(bits(mask, kFirstPart, kSecondPart) | (count > 2 ? 0x8000'0000U : 0U));
  if (count > 2) writer.u64(bits(mask, kSecondPart, kThirdPart));
}

}  // namespace

std::optional<FlexfecVariant> flexfec_variant(ByteView payload) {
  if (payload.empty()) return std::nullopt;
  return static_cast<FlexfecVariant>(payload[0] >> 6);
}

void FlexfecRecovery::add(ByteView packet) {
  ByteReader reader(packet);
  flags = static_cast<std::uint8_t>(flags ^ (reader.u8() & 0x3fU));
  marker_and_type = static_cast<std::uint8_t>(marker_and_type ^ reader.u8());
  length = static_cast<std::uint16_t>(length ^ (packet.size() - 12));
  reader.skip(2);  // the sequence number follows from the mask
  timestamp ^= reader.u32();
}

std::optional<FlexfecHeader> FlexfecHeader::parse(const Header& rtp, ByteView payload) {
  if (flexfec_variant(payload) != FlexfecVariant::kFlexibleMask || rtp.csrc_count() == 0) return std::nullopt;
  ByteReader reader(payload);
  FlexfecHeader header;
  header.recovery.flags = reader.u8();
  header.recovery.marker_and_type = reader.u8();
  header.recovery.length = reader.u16();
  header.recovery.timestamp = reader.u32();
  for (std::size_t i = 0; i < rtp.csrc_count(); ++i) {
    // RFC 8627 §4.2.1, §4.2.2: the CSRC list names the sources, in the order of what follows.
    FlexfecProtection& protection = header.protections[header.protection_count++];
    protection.ssrc = rtp.csrc(i);
    protection.sequence_number_base = reader.u16();
    read_mask(reader, protection.mask);
    if (!reader.ok() || protection.mask.none()) return std::nullopt;
  }
  header.size = payload.size() - reader.remaining();
  return header;
}

std::size_t flexfec_mask_size(const FlexfecMask& mask) {
  constexpr std::array<std::size_t, 3> sizes{4, 8, 16};
  return sizes[parts(mask) - 1];
}

std::size_t write_flexfec_header(const FlexfecHeader& header, MutableByteView out) {
  ByteWriter writer(out);
  writer.u8(header.recovery.flags & 0x3fU);
  writer.u8(header.recovery.marker_and_type);
  writer.u16(header.recovery.length);
  writer.u32(header.recovery.timestamp);
  for (std::size_t i = 0; i < header.protection_count; ++i) {
    writer.u16(header.protections[i].sequence_number_base);
    write_mask(writer, header.protections[i].mask);
  }
  return writer.ok() ? writer.size() : 0;
}

void add_flexfec_payload(MutableByteView sum, ByteView bytes) {
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    std::uint64_t a = 0;
    std::uint64_t b = 0;
    std::memcpy(&a, sum.data() + i, 8);
    std::memcpy(&b, bytes.data() + i, 8);
    a ^= b;
    std::memcpy(sum.data() + i, &a, 8);
  }
  for (; i < bytes.size(); ++i) sum[i] = static_cast<std::uint8_t>(sum[i] ^ bytes[i]);
}

}  // namespace tidewire::rtp
