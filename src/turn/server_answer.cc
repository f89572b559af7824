// How the server's answers are ended, signed and queued.
#include <algorithm>
#include <utility>
#include <vector>

#include "turn/attributes.h"
#include "turn/server.h"

namespace tidewire::turn {
namespace {

using stun::AttributeType;

// RFC 8489 §14: what must be understood, and is.
bool is_understood(AttributeType type, bool dont_fragment) {
  if (type == AttributeType::kDontFragment) return dont_fragment;
  if (type == AttributeType::kUserhash) return false;  // never offered
  if (type == AttributeType::kConnectionId) return true;
  return is_known_attribute(type) || !stun::comprehension_required(type);
}

}  // namespace

void Server::transmit(Datagram datagram) {
  if (!transmit_.push(std::move(datagram))) ++stats_.dropped_full;
}

void Server::send(Packet& packet, stun::MessageBuilder& builder, const ReplyTo& reply) {
  const Signature& signature = reply.signature;
  if (signature.is_signed() && !config_.software.empty()) builder.add_text(AttributeType::kSoftware, config_.software);
  // RFC 8489 §9.2.4: with the mechanism that the request was signed with.
  if (signature.sha1) builder.add_integrity(signature.key.bytes());
  if (signature.sha256) builder.add_integrity_sha256(signature.key.bytes());
  if (reply.fingerprint) builder.add_fingerprint();
  if (!builder.finish()) return;
  transmit({reply.client.server, reply.client.client, std::move(packet), reply.client.stream});
}

void Server::send_error(const ReplyTo& reply, stun::ErrorNumber code) {
  ++stats_.refused;
  stats_.errors.add(code);
  Packet packet = pool_.make();
  stun::MessageBuilder builder(packet, stun::MessageClass::kError, reply.method, reply.transaction);
  builder.add_error_code(code);
  send(packet, builder, reply);
}

void Server::send_unknown(const ReplyTo& reply, std::span<const AttributeType> types) {
  stats_.errors.add(stun::ErrorNumber::kUnknownAttribute);
  Packet packet = pool_.make();
  stun::MessageBuilder builder(packet, stun::MessageClass::kError, reply.method, reply.transaction);
  builder.add_error_code(stun::ErrorNumber::kUnknownAttribute);
  builder.add_unknown_attributes(types);
  send(packet, builder, reply);
}

std::vector<AttributeType> Server::unknown_attributes(const stun::MessageView& message) const {
  constexpr std::size_t kMaxListed = 16;
  std::vector<AttributeType> unknown;
  for (const stun::Attribute attribute : message.attributes()) {
    const bool listed = std::find(unknown.begin(), unknown.end(), attribute.type) != unknown.end();
    if (is_understood(attribute.type, config_.relays_set_dont_fragment) || listed) continue;
    if (unknown.size() < kMaxListed) unknown.push_back(attribute.type);
  }
  return unknown;
}

// RFC 8489 §6.3.1: 420, with the list.
bool Server::refuse_unknown_attributes(const Request& request) {
  const auto unknown = unknown_attributes(request.message);
  if (unknown.empty()) return false;
  ++stats_.refused;
  send_unknown(request.reply, unknown);
  return true;
}

}  // namespace tidewire::turn
