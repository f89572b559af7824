#include "stun/builder.h"

#include <algorithm>

#include "crypto/hash.h"
#include "crypto/hmac_sha1.h"
#include "stun/crc32.h"

namespace tidewire::stun {
namespace {

constexpr std::size_t kAttributeHeaderSize = 4;
constexpr std::size_t kFingerprintSize = 4;
constexpr std::size_t kLengthOffset = 2;

// RFC 8489 §5, figure 3.
std::uint16_t message_type(MessageClass message_class, Method method) {
  const auto m = static_cast<unsigned>(method);
  const auto c = static_cast<unsigned>(message_class);
  return static_cast<std::uint16_t>((m & 0x000f) | (m & 0x0070) << 1 | (m & 0x0f80) << 2 | (c & 1) << 4 | (c & 2) << 7);
}

MutableByteView whole(Packet& packet) {
  return packet.resize(packet.size() + packet.tailroom()) ? packet.bytes() : MutableByteView{};
}

}  // namespace

MessageBuilder::MessageBuilder(MutableByteView buffer, MessageClass message_class, Method method,
                               const TransactionId& id)
    : writer_(buffer), id_(id) {
  writer_.u16(message_type(message_class, method));
  writer_.u16(0);
  writer_.u32(kMagicCookie);
  writer_.bytes(id);
}

MessageBuilder::MessageBuilder(Packet& packet, MessageClass message_class, Method method, const TransactionId& id)
    : MessageBuilder(whole(packet), message_class, method, id) {
  packet_ = &packet;
}

void MessageBuilder::begin(AttributeType type, std::size_t size) {
  writer_.u16(static_cast<std::uint16_t>(type));
  writer_.u16(size);
}

void MessageBuilder::add(AttributeType type, ByteView value) {
  begin(type, value.size());
  writer_.bytes(value);
  writer_.pad_to(4);
}

void MessageBuilder::add_u32(AttributeType type, std::uint32_t value) {
  begin(type, 4);
  writer_.u32(value);
}

void MessageBuilder::add_u64(AttributeType type, std::uint64_t value) {
  begin(type, 8);
  writer_.u64(value);
}

void MessageBuilder::add_address(AttributeType type, const SocketAddress& address) {
  const ByteView ip = address.ip.bytes();
  begin(type, 4 + ip.size());
  writer_.u8(0);
  writer_.u8(address.ip.is_v4() ? 1U : 2U);
  writer_.u16(address.port);
  writer_.bytes(ip);
}

void MessageBuilder::add_xor_address(AttributeType type, const SocketAddress& address) {
  std::array<std::uint8_t, 16> mask{};
  ByteWriter mask_writer(mask);
  mask_writer.u32(kMagicCookie);
  mask_writer.bytes(id_);
  const ByteView ip = address.ip.bytes();
  begin(type, 4 + ip.size());
  writer_.u8(0);
  writer_.u8(address.ip.is_v4() ? 1U : 2U);
  writer_.u16(address.port ^ (kMagicCookie >> 16));
  for (std::size_t i = 0; i < ip.size(); ++i) writer_.u8(static_cast<std::uint8_t>(ip[i] ^ mask[i]));
}

void MessageBuilder::add_error_code(ErrorNumber code) {
  const auto number = static_cast<unsigned>(code);
  const std::string_view reason = reason_phrase(code);
  begin(AttributeType::kErrorCode, 4 + reason.size());
  writer_.u16(0);
  writer_.u8(number / 100);
  writer_.u8(number % 100);
  writer_.bytes(as_bytes(reason));
  writer_.pad_to(4);
}

void MessageBuilder::add_unknown_attributes(std::span<const AttributeType> types) {
  begin(AttributeType::kUnknownAttributes, types.size() * 2);
  for (const AttributeType type : types) writer_.u16(static_cast<std::uint16_t>(type));
  writer_.pad_to(4);
}

void MessageBuilder::set_length(std::size_t following) {
  writer_.patch_u16(kLengthOffset, writer_.size() + following - kHeaderSize);
}

void MessageBuilder::add_integrity(ByteView key) {
  if (!writer_.ok()) return;
  // RFC 8489 §14.5: the length counts the attribute itself before it is computed.
  set_length(kAttributeHeaderSize + kIntegritySize);
  const crypto::Sha1Digest digest = crypto::HmacSha1(key).compute(writer_.written());
  add(AttributeType::kMessageIntegrity, digest);
}

void MessageBuilder::add_integrity_sha256(ByteView key) {
  if (!writer_.ok()) return;
  set_length(kAttributeHeaderSize + kIntegritySha256Size);
  const crypto::Sha256Digest digest = crypto::hmac_sha256(key, writer_.written());
  add(AttributeType::kMessageIntegritySha256, digest);
}

void MessageBuilder::add_fingerprint() {
  if (!writer_.ok()) return;
  // RFC 8489 §14.7: likewise.
  set_length(kAttributeHeaderSize + kFingerprintSize);
  add_u32(AttributeType::kFingerprint, crc32(writer_.written()) ^ kFingerprintMask);
}

std::optional<ByteView> MessageBuilder::finish() {
  if (!writer_.ok()) return std::nullopt;
  set_length(0);
  if (packet_ != nullptr && !packet_->resize(writer_.size())) return std::nullopt;
  return writer_.written();
}

std::string_view reason_phrase(ErrorNumber code) {
  switch (code) {
    case ErrorNumber::kTryAlternate: return "Try Alternate";
    case ErrorNumber::kBadRequest: return "Bad Request";
    case ErrorNumber::kUnauthenticated: return "Unauthenticated";
    case ErrorNumber::kForbidden: return "Forbidden";
    case ErrorNumber::kUnknownAttribute: return "Unknown Attribute";
    case ErrorNumber::kAllocationMismatch: return "Allocation Mismatch";
    case ErrorNumber::kStaleNonce: return "Stale Nonce";
    case ErrorNumber::kAddressFamilyNotSupported: return "Address Family not Supported";
    case ErrorNumber::kWrongCredentials: return "Wrong Credentials";
    case ErrorNumber::kUnsupportedTransport: return "Unsupported Transport Protocol";
    case ErrorNumber::kPeerAddressFamilyMismatch: return "Peer Address Family Mismatch";
    case ErrorNumber::kConnectionAlreadyExists: return "Connection Already Exists";
    case ErrorNumber::kConnectionTimeoutOrFailure: return "Connection Timeout or Failure";
    case ErrorNumber::kAllocationQuotaReached: return "Allocation Quota Reached";
    case ErrorNumber::kRoleConflict: return "Role Conflict";
    case ErrorNumber::kServerError: return "Server Error";
    case ErrorNumber::kInsufficientCapacity: return "Insufficient Capacity";
  }
  return "Error";
}

}  // namespace tidewire::stun
