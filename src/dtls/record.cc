#include "dtls/record.h"

#include "base/byte_reader.h"
#include "base/byte_writer.h"

namespace tidewire::dtls {

namespace {

// RFC 6347 §4.1: length is at most 2^14, and RFC 5246 §6.2.3 gives protection 2048 bytes more.
constexpr std::size_t kMaxFragment = (1U << 14) + 2048;
constexpr std::size_t kHandshakeHeaderSize = 12;

}  // namespace

std::optional<Record> take_record(ByteView& datagram) {
  ByteReader reader(datagram);
  Record record;
  const std::uint8_t type = reader.u8();
  record.version = reader.u16();
  record.epoch = reader.u16();
  record.sequence = reader.u48();
  const std::size_t size = reader.u16();
  record.fragment = reader.take(size);
  // A ClientHello's record may say DTLS 1.0 (0xfeff); all others say 1.2.
  const bool known = type >= 20 && type <= 23 && record.version >> 8 == 0xfe;
  if (!reader.ok() || !known || size == 0 || size > kMaxFragment) return std::nullopt;
  record.type = static_cast<ContentType>(type);
  record.whole = datagram.first(kRecordHeaderSize + size);
  datagram = reader.rest();
  return record;
}

void write_record_header(MutableByteView out, ContentType type, std::uint16_t epoch, std::uint64_t sequence,
                         std::size_t fragment_size) {
  ByteWriter writer(out);
  writer.u8(static_cast<std::uint8_t>(type));
  writer.u16(kVersion12);
  writer.u16(epoch);
  writer.u48(sequence);
  writer.u16(fragment_size);
}

std::optional<std::uint16_t> message_sequence(const Record& record) {
  if (record.type != ContentType::kHandshake || record.fragment.size() < kHandshakeHeaderSize) return std::nullopt;
  ByteReader reader(record.fragment);
  reader.skip(4);
  return reader.u16();
}

}  // namespace tidewire::dtls
