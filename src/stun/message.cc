#include "stun/message.h"

#include <algorithm>

#include "base/byte_reader.h"
#include "crypto/hash.h"
#include "crypto/hmac_sha1.h"
#include "stun/crc32.h"

namespace tidewire::stun {
namespace {

constexpr std::size_t kAttributeHeaderSize = 4;
constexpr std::uint8_t kFamilyIpv4 = 1;  // RFC 8489 §14.1
constexpr std::uint8_t kFamilyIpv6 = 2;

constexpr std::size_t padded(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

// The attribute at the front of `bytes`. Its padding need not be there when it is the last.
std::optional<Attribute> front_attribute(ByteView bytes) {
  ByteReader reader(bytes);
  const auto type = static_cast<AttributeType>(reader.u16());
  const ByteView value = reader.take(reader.u16());
  if (!reader.ok()) return std::nullopt;
  return Attribute{type, value};
}

std::size_t text_limit(AttributeType type) {
  return type == AttributeType::kUsername ? 508 : 763;  // RFC 8489 §14.3, §14.9, §14.10, §14.14
}

// RFC 8489 §14.2: the address is mixed with the cookie and the transaction id.
std::optional<SocketAddress> read_address(ByteView value, ByteView mask) {
  ByteReader reader(value);
  reader.skip(1);
  const std::uint8_t family = reader.u8();
  const std::uint16_t port = reader.u16();
  const ByteView ip = reader.rest();
  const auto port_mask = static_cast<std::uint16_t>(mask[0] << 8 | mask[1]);
  SocketAddress address{.port = static_cast<std::uint16_t>(port ^ port_mask)};
  const auto unmasked = [&](auto& bytes) {
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(ip[i] ^ mask[i]);
  };
  if (family == kFamilyIpv4 && ip.size() == 4) {
    std::array<std::uint8_t, 4> bytes{};
    unmasked(bytes);
    address.ip = IpAddress::v4(bytes);
    return address;
  }
  if (family == kFamilyIpv6 && ip.size() == 16) {
    std::array<std::uint8_t, 16> bytes{};
    unmasked(bytes);
    address.ip = IpAddress::v6(bytes);
    return address;
  }
  return std::nullopt;
}

}  // namespace

bool looks_like_stun(ByteView datagram) {
  if (datagram.size() < kHeaderSize || datagram[0] > 3) return false;  // RFC 7983 §7
  ByteReader reader(datagram.subspan(4));
  return reader.u32() == kMagicCookie;
}

Attribute MessageView::Iterator::operator*() const { return front_attribute(rest_).value_or(Attribute{}); }

MessageView::Iterator& MessageView::Iterator::operator++() {
  const auto attribute = front_attribute(rest_);
  const std::size_t size = attribute ? kAttributeHeaderSize + padded(attribute->value.size()) : rest_.size();
  rest_ = rest_.subspan(std::min(size, rest_.size()));
  return *this;
}

std::optional<MessageView> MessageView::parse(ByteView datagram) {
  if (!looks_like_stun(datagram)) return std::nullopt;
  ByteReader header(datagram.subspan(2));
  const std::size_t length = header.u16();
  // RFC 8489 §5: the length counts what follows the header and is a multiple of 4.
  if (length % 4 != 0 || length != datagram.size() - kHeaderSize) return std::nullopt;
  MessageView view;
  view.bytes_ = datagram;
  for (std::size_t offset = kHeaderSize; offset < datagram.size();) {
    const auto attribute = front_attribute(datagram.subspan(offset));
    if (!attribute) return std::nullopt;
    const std::size_t next = offset + kAttributeHeaderSize + padded(attribute->value.size());
    if (next > datagram.size()) return std::nullopt;
    if (!view.note_attribute(*attribute, offset, next)) return std::nullopt;
    offset = next;
  }
  return view;
}

// Remembers where those are that have their own accessors. False when one has an impossible size.
bool MessageView::note_attribute(const Attribute& attribute, std::size_t offset, std::size_t next) {
  const std::size_t size = attribute.value.size();
  if (attribute.type == AttributeType::kMessageIntegrity && integrity_offset_ == 0 && sha256_offset_ == 0) {
    if (size != kIntegritySize) return false;
    integrity_offset_ = offset;
  }
  // RFC 8489 §14.6: 16 to 32 bytes, a multiple of 4.
  if (attribute.type == AttributeType::kMessageIntegritySha256 && sha256_offset_ == 0) {
    if (size < kMinIntegritySha256Size || size > kIntegritySha256Size || size % 4 != 0) return false;
    sha256_offset_ = offset;
  }
  // RFC 8489 §14.7: FINGERPRINT is the last one.
  if (attribute.type == AttributeType::kFingerprint && next == bytes_.size()) fingerprint_offset_ = offset;
  return true;
}

MessageClass MessageView::message_class() const {
  // RFC 8489 §5: bits C1 and C0 stand between the bits of the method.
  const unsigned type = static_cast<unsigned>(bytes_[0] << 8 | bytes_[1]);
  return static_cast<MessageClass>((type >> 7 & 2) | (type >> 4 & 1));
}

Method MessageView::method() const {
  const unsigned type = static_cast<unsigned>(bytes_[0] << 8 | bytes_[1]);
  return static_cast<Method>((type & 0x000f) | (type >> 1 & 0x0070) | (type >> 2 & 0x0f80));
}

TransactionId MessageView::transaction_id() const {
  TransactionId id{};
  std::copy_n(bytes_.begin() + 8, id.size(), id.begin());
  return id;
}

MessageView::Range MessageView::attributes() const {
  // MESSAGE-INTEGRITY stands before MESSAGE-INTEGRITY-SHA256 when there are both.
  std::size_t end = bytes_.size();
  if (sha256_offset_ != 0) end = sha256_offset_;
  if (integrity_offset_ != 0) end = integrity_offset_;
  return {Iterator(bytes_.subspan(kHeaderSize, end - kHeaderSize)), Iterator(ByteView{})};
}

std::optional<ByteView> MessageView::find(AttributeType type) const {
  for (const Attribute attribute : attributes()) {
    if (attribute.type == type) return attribute.value;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> MessageView::find_u32(AttributeType type) const {
  const auto value = find(type);
  if (!value || value->size() != 4) return std::nullopt;
  return ByteReader(*value).u32();
}

std::optional<std::uint64_t> MessageView::find_u64(AttributeType type) const {
  const auto value = find(type);
  if (!value || value->size() != 8) return std::nullopt;
  return ByteReader(*value).u64();
}

std::optional<std::string_view> MessageView::find_text(AttributeType type) const {
  const auto value = find(type);
  if (!value || value->size() > text_limit(type)) return std::nullopt;
  return as_text(*value);
}

std::optional<SocketAddress> MessageView::find_address(AttributeType type) const {
  constexpr std::array<std::uint8_t, 16> kNoMask{};
  const auto value = find(type);
  return value ? read_address(*value, kNoMask) : std::nullopt;
}

std::optional<SocketAddress> MessageView::find_xor_address(AttributeType type) const {
  const auto value = find(type);
  return value ? read_xor_address(*value) : std::nullopt;
}

std::optional<SocketAddress> MessageView::read_xor_address(ByteView value) const {
  return read_address(value, bytes_.subspan(4, 16));
}

std::optional<ErrorCodeView> MessageView::error_code() const {
  const auto value = find(AttributeType::kErrorCode);
  if (!value) return std::nullopt;
  ByteReader reader(*value);
  reader.skip(2);
  const unsigned hundreds = reader.u8() & 7U;
  const unsigned rest = reader.u8();
  // RFC 8489 §14.8: the class is 3 to 6 and the number below 100.
  if (!reader.ok() || hundreds < 3 || hundreds > 6 || rest > 99) return std::nullopt;
  return ErrorCodeView{static_cast<std::uint16_t>(hundreds * 100 + rest), as_text(reader.rest())};
}

std::optional<SocketAddress> MessageView::mapped_address() const {
  if (auto address = find_xor_address(AttributeType::kXorMappedAddress)) return address;
  return find_address(AttributeType::kMappedAddress);
}

// RFC 8489 §14.5: the HMAC covers what is before the attribute, with the length field as if it were the last one.
std::array<std::uint8_t, kHeaderSize> MessageView::header_for_integrity(std::size_t offset, std::size_t size) const {
  std::array<std::uint8_t, kHeaderSize> header{};
  std::copy_n(bytes_.begin(), header.size(), header.begin());
  const std::size_t length = offset + kAttributeHeaderSize + size - kHeaderSize;
  header[2] = static_cast<std::uint8_t>(length >> 8);
  header[3] = static_cast<std::uint8_t>(length);
  return header;
}

bool MessageView::verify_integrity(ByteView key) const {
  if (integrity_offset_ == 0) return false;
  const auto header = header_for_integrity(integrity_offset_, kIntegritySize);
  const crypto::Sha1Digest expected =
      crypto::HmacSha1(key).compute(header, bytes_.subspan(kHeaderSize, integrity_offset_ - kHeaderSize));
  return crypto::equal_in_constant_time(expected,
                                        bytes_.subspan(integrity_offset_ + kAttributeHeaderSize, kIntegritySize));
}

bool MessageView::verify_integrity_sha256(ByteView key) const {
  if (sha256_offset_ == 0) return false;
  const ByteView stated = front_attribute(bytes_.subspan(sha256_offset_)).value_or(Attribute{}).value;
  const auto header = header_for_integrity(sha256_offset_, stated.size());
  Bytes covered(header.begin(), header.end());
  covered.insert(covered.end(), bytes_.begin() + kHeaderSize,
                 bytes_.begin() + static_cast<std::ptrdiff_t>(sha256_offset_));
  const crypto::Sha256Digest expected = crypto::hmac_sha256(key, covered);
  return crypto::equal_in_constant_time(ByteView(expected).first(stated.size()), stated);
}

FingerprintCheck MessageView::check_fingerprint() const {
  if (fingerprint_offset_ == 0) return FingerprintCheck::kAbsent;
  ByteReader reader(bytes_.subspan(fingerprint_offset_ + kAttributeHeaderSize));
  const std::uint32_t stated = reader.u32();
  const std::uint32_t computed = crc32(bytes_.first(fingerprint_offset_)) ^ kFingerprintMask;
  return reader.ok() && reader.empty() && stated == computed ? FingerprintCheck::kValid : FingerprintCheck::kInvalid;
}

}  // namespace tidewire::stun
