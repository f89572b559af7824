#include "io/mdns_packet.h"

#include <algorithm>
#include <array>

#include "base/byte_reader.h"
#include "base/byte_writer.h"

namespace tidewire::io {
namespace {

constexpr std::uint16_t kTypeA = static_cast<std::uint16_t>(MdnsType::kA);
constexpr std::uint16_t kTypeAaaa = static_cast<std::uint16_t>(MdnsType::kAaaa);
constexpr std::uint16_t kTypeAny = 255;
constexpr std::uint16_t kClassIn = 1;
constexpr std::uint16_t kResponse = 0x8400;    // RFC 6762 §18.2, §18.4: QR and AA
constexpr std::uint16_t kCacheFlush = 0x8000;  // RFC 6762 §10.2; in a question: wants unicast (§5.4)
constexpr std::uint32_t kLifetime = 120;       // RFC 6762 §10: host addresses
constexpr std::size_t kMaxName = 253;
constexpr std::size_t kMaxLabel = 63;
// A packet of 9000 bytes (RFC 6762 §17) could hold 1500 minimal questions; nobody sends that many.
constexpr std::size_t kMaxRecords = 256;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

void write_name(ByteWriter& writer, std::string_view name) {
  while (!name.empty()) {
    const std::string_view label = name.substr(0, name.find('.'));
    writer.u8(label.size());
    writer.bytes(as_bytes(label));
    name.remove_prefix(std::min(name.size(), label.size() + 1));
  }
  writer.u8(0);
}

// RFC 1035 §4.1.4: labels, ended by an empty one or by a pointer to earlier ones. Pointers must go backwards, so
// that there is no loop. Moves `reader` behind the name; nothing when malformed.
std::optional<std::string> read_name(ByteReader& reader, ByteView packet) {
  std::string name;
  ByteReader at = reader;
  std::size_t limit = packet.size() - reader.remaining();
  bool jumped = false;
  while (true) {
    const std::uint8_t length = at.u8();
    if (!at.ok()) return std::nullopt;
    if (length == 0) break;
    if (length >= 0xC0) {
      const std::size_t target = static_cast<std::size_t>(length & 0x3F) << 8 | at.u8();
      if (!at.ok() || target >= limit) return std::nullopt;
      if (!jumped) reader = at;
      jumped = true;
      limit = target;
      at = ByteReader(packet.subspan(target));
      continue;
    }
    const std::string_view label = as_text(at.take(length));
    if (!at.ok() || length > kMaxLabel || name.size() + label.size() + 1 > kMaxName + 1) return std::nullopt;
    if (!name.empty()) name += '.';
    for (const char c : label) name += lower(c);
  }
  if (!jumped) reader = at;
  return name;
}

struct Header {
  std::uint16_t flags = 0;
  std::size_t questions = 0;
  std::size_t answers = 0;
  std::size_t records = 0;  // answers, authorities and additional ones
};

// Nothing when it is shorter than a header or promises more than anyone sends.
std::optional<Header> read_header(ByteReader& reader) {
  Header header;
  reader.skip(2);  // RFC 6762 §18.1: the ID says nothing
  header.flags = reader.u16();
  header.questions = reader.u16();
  header.answers = reader.u16();
  header.records = header.answers;
  for (int section = 0; section < 2; ++section) header.records += reader.u16();
  if (!reader.ok() || header.questions + header.records > kMaxRecords) return std::nullopt;
  // RFC 6762 §18.3, §18.11: other opcodes and response codes are ignored.
  if ((header.flags & 0x780F) != 0) return std::nullopt;
  return header;
}

// The addresses among the next `count` records that live for `min_lifetime` or longer; nothing when malformed.
std::optional<std::vector<MdnsAddress>> read_addresses(ByteReader& reader, ByteView packet, std::size_t count,
                                                       std::uint32_t min_lifetime) {
  std::vector<MdnsAddress> found;
  for (std::size_t i = 0; i < count; ++i) {
    std::optional<std::string> name = read_name(reader, packet);
    const std::uint16_t type = reader.u16();
    const std::uint16_t klass = reader.u16();
    const std::uint32_t lifetime = reader.u32();
    const ByteView data = reader.take(reader.u16());
    if (!name || !reader.ok()) return std::nullopt;
    if ((klass & ~kCacheFlush) != kClassIn || lifetime < min_lifetime) continue;
    if (type == kTypeA && data.size() == 4) {
      found.push_back({*std::move(name), IpAddress::v4({data[0], data[1], data[2], data[3]})});
    } else if (type == kTypeAaaa && data.size() == 16) {
      std::array<std::uint8_t, 16> bytes{};
      std::copy(data.begin(), data.end(), bytes.begin());
      found.push_back({*std::move(name), IpAddress::v6(bytes)});
    }
  }
  return found;
}

}  // namespace

std::optional<std::string> normalized_host_name(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.empty() || name.size() > kMaxName) return std::nullopt;
  std::string normalized;
  std::size_t label = 0;
  for (const char c : name) {
    const char l = lower(c);
    const bool plain = (l >= 'a' && l <= 'z') || (l >= '0' && l <= '9') || l == '-' || l == '_';
    if (!plain && (l != '.' || label == 0)) return std::nullopt;
    label = l == '.' ? 0 : label + 1;
    if (label > kMaxLabel) return std::nullopt;
    normalized += l;
  }
  if (label == 0) return std::nullopt;
  return normalized;
}

Bytes build_mdns_query(std::string_view name, MdnsType type) {
  std::array<std::uint8_t, 512> buffer{};
  ByteWriter writer(buffer);
  writer.u16(0);  // ID
  writer.u16(0);  // flags: a query
  writer.u16(1);  // questions
  writer.zeroes(6);
  write_name(writer, name);
  writer.u16(static_cast<std::uint16_t>(type));
  writer.u16(kClassIn);
  const ByteView written = writer.written();
  return {written.begin(), written.end()};
}

Bytes build_mdns_response(const MdnsAddress& address, bool goodbye) {
  std::array<std::uint8_t, 512> buffer{};
  ByteWriter writer(buffer);
  writer.u16(0);
  writer.u16(kResponse);
  writer.u16(0);  // questions
  writer.u16(1);  // answers
  writer.zeroes(4);
  write_name(writer, address.name);
  writer.u16(address.ip.is_v4() ? kTypeA : kTypeAaaa);
  writer.u16(kClassIn | kCacheFlush);
  writer.u32(goodbye ? 0 : kLifetime);
  writer.u16(address.ip.bytes().size());
  writer.bytes(address.ip.bytes());
  const ByteView written = writer.written();
  return {written.begin(), written.end()};
}

std::vector<MdnsAddress> parse_mdns_response(ByteView packet) {
  ByteReader reader(packet);
  const std::optional<Header> header = read_header(reader);
  if (!header || (header->flags & 0x8000) == 0) return {};
  for (std::size_t i = 0; i < header->questions; ++i) {
    if (!read_name(reader, packet)) return {};
    reader.skip(4);
  }
  return read_addresses(reader, packet, header->records, 1).value_or(std::vector<MdnsAddress>{});
}

MdnsQuery parse_mdns_query(ByteView packet) {
  ByteReader reader(packet);
  const std::optional<Header> header = read_header(reader);
  if (!header || (header->flags & 0x8000) != 0) return {};
  MdnsQuery query;
  for (std::size_t i = 0; i < header->questions; ++i) {
    std::optional<std::string> name = read_name(reader, packet);
    const std::uint16_t type = reader.u16();
    const std::uint16_t klass = reader.u16();
    if (!name || !reader.ok()) return {};
    const MdnsQuestion question{*std::move(name), type == kTypeA || type == kTypeAny,
                                type == kTypeAaaa || type == kTypeAny};
    if ((question.v4 || question.v6) && (klass & ~kCacheFlush) == kClassIn) query.questions.push_back(question);
  }
  auto known = read_addresses(reader, packet, header->answers, kLifetime / 2);
  if (!known) return {};
  query.known = *std::move(known);
  return query;
}

}  // namespace tidewire::io
