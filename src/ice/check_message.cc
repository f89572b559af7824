#include "ice/check_message.h"

#include "stun/builder.h"

namespace tidewire::ice {

using stun::AttributeType;
using stun::MessageBuilder;
using stun::MessageClass;
using stun::Method;

namespace {

Packet finished(MessageBuilder& builder, Packet& packet) { return builder.finish() ? std::move(packet) : Packet{}; }

bool is_known(AttributeType type) {
  switch (type) {
    case AttributeType::kMappedAddress:
    case AttributeType::kUsername:
    case AttributeType::kMessageIntegrity:
    case AttributeType::kErrorCode:
    case AttributeType::kUnknownAttributes:
    case AttributeType::kRealm:
    case AttributeType::kNonce:
    case AttributeType::kMessageIntegritySha256:
    case AttributeType::kXorMappedAddress:
    case AttributeType::kPriority:
    case AttributeType::kUseCandidate: return true;
    default: return false;
  }
}

}  // namespace

Packet build_check(PacketPool& pool, const CheckRequest& request) {
  Packet packet = pool.make();
  MessageBuilder builder(packet, MessageClass::kRequest, Method::kBinding, request.id);
  builder.add_text(AttributeType::kUsername, request.username);
  // RFC 8445 §7.1.2, §7.1.3, §16.1
  const bool controlling = request.role == Role::kControlling;
  builder.add_u64(controlling ? AttributeType::kIceControlling : AttributeType::kIceControlled, request.tie_breaker);
  if (request.use_candidate) builder.add_flag(AttributeType::kUseCandidate);
  builder.add_u32(AttributeType::kPriority, request.priority);
  builder.add_integrity(as_bytes(request.remote_pwd));
  builder.add_fingerprint();
  return finished(builder, packet);
}

Packet build_success(PacketPool& pool, const stun::TransactionId& id, const SocketAddress& mapped,
                     std::string_view local_pwd) {
  Packet packet = pool.make();
  MessageBuilder builder(packet, MessageClass::kSuccess, Method::kBinding, id);
  builder.add_xor_address(AttributeType::kXorMappedAddress, mapped);
  builder.add_integrity(as_bytes(local_pwd));
  builder.add_fingerprint();
  return finished(builder, packet);
}

Packet build_error(PacketPool& pool, const stun::TransactionId& id, stun::ErrorNumber code,
                   std::optional<std::string_view> local_pwd, std::span<const AttributeType> unknown) {
  Packet packet = pool.make();
  MessageBuilder builder(packet, MessageClass::kError, Method::kBinding, id);
  builder.add_error_code(code);
  if (!unknown.empty()) builder.add_unknown_attributes(unknown);
  if (local_pwd) builder.add_integrity(as_bytes(*local_pwd));
  builder.add_fingerprint();
  return finished(builder, packet);
}

Packet build_binding_request(PacketPool& pool, const stun::TransactionId& id) {
  Packet packet = pool.make();
  MessageBuilder builder(packet, MessageClass::kRequest, Method::kBinding, id);
  builder.add_fingerprint();
  return finished(builder, packet);
}

std::size_t unknown_attributes(const stun::MessageView& message, std::span<AttributeType, 16> unknown) {
  std::size_t count = 0;
  for (const stun::Attribute attribute : message.attributes()) {
    if (!stun::comprehension_required(attribute.type) || is_known(attribute.type)) continue;
    unknown[count++] = attribute.type;
    if (count == unknown.size()) break;
  }
  return count;
}

}  // namespace tidewire::ice
