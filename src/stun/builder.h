// Writes STUN messages into a buffer of the caller (RFC 8489 §5, §14).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/byte_writer.h"
#include "base/packet.h"
#include "stun/message.h"

namespace tidewire::stun {

// Attributes in the order of the calls; add_integrity() and then add_fingerprint() come last. Nothing is checked
// until finish(): a message that did not fit is no message.
//
//   MessageBuilder builder(packet, MessageClass::kRequest, Method::kBinding, id);
//   builder.add_text(AttributeType::kUsername, "evtj:h6vY");
//   builder.add_integrity(as_bytes(password));
//   builder.add_fingerprint();
//   if (!builder.finish()) …
class MessageBuilder {
 public:
  // Into a buffer; finish() gives the part that was written.
  MessageBuilder(MutableByteView buffer, MessageClass message_class, Method method, const TransactionId& id);
  // Into a packet fresh from its pool, which finish() cuts to the message's size.
  MessageBuilder(Packet& packet, MessageClass message_class, Method method, const TransactionId& id);

  void add(AttributeType type, ByteView value);
  void add_text(AttributeType type, std::string_view value) { add(type, as_bytes(value)); }
  void add_flag(AttributeType type) { add(type, {}); }
  void add_u32(AttributeType type, std::uint32_t value);
  void add_u64(AttributeType type, std::uint64_t value);
  void add_address(AttributeType type, const SocketAddress& address);
  void add_xor_address(AttributeType type, const SocketAddress& address);
  void add_error_code(ErrorNumber code);  // with the RFC's reason phrase
  void add_unknown_attributes(std::span<const AttributeType> types);

  // MESSAGE-INTEGRITY over everything so far, with HMAC-SHA1.
  void add_integrity(ByteView key);
  // MESSAGE-INTEGRITY-SHA256, not cut (RFC 8489 §14.6).
  void add_integrity_sha256(ByteView key);
  // FINGERPRINT over everything so far.
  void add_fingerprint();

  // The message, or nothing when it did not fit. Call once.
  std::optional<ByteView> finish();

 private:
  void begin(AttributeType type, std::size_t size);
  void set_length(std::size_t following);

  Packet* packet_ = nullptr;
  ByteWriter writer_;
  TransactionId id_;
};

// The reason phrase that goes with a code, e.g. "Role Conflict".
std::string_view reason_phrase(ErrorNumber code);

}  // namespace tidewire::stun
