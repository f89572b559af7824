// CreatePermission (RFC 8656 §10.2) and ChannelBind (§12.2).
#include <utility>
#include <vector>

#include "turn/server.h"

namespace tidewire::turn {

using stun::AttributeType;
using stun::ErrorNumber;

std::optional<ErrorNumber> Server::check_peer(const Allocation& allocation, const SocketAddress& peer) const {
  if (allocation.relay(family_of(peer.ip)).port == 0) return ErrorNumber::kPeerAddressFamilyMismatch;
  if (!policy_.allows_permission(peer)) return ErrorNumber::kForbidden;
  return std::nullopt;
}

// RFC 8656 §10.2: all of the listed peers, or none.
void Server::handle_create_permission(const Request& request, Allocation& allocation) {
  std::vector<IpAddress> peers;
  for (const stun::Attribute attribute : request.message.attributes()) {
    if (attribute.type != AttributeType::kXorPeerAddress) continue;
    const auto peer = request.message.read_xor_address(attribute.value);
    if (!peer) return send_error(request.reply, ErrorNumber::kBadRequest);
    if (const auto error = check_peer(allocation, *peer)) return send_error(request.reply, *error);
    peers.push_back(peer->ip);
  }
  if (peers.empty()) return send_error(request.reply, ErrorNumber::kBadRequest);
  if (!allocation.has_room_for(peers, request.now)) {
    return send_error(request.reply, ErrorNumber::kInsufficientCapacity);
  }
  for (const IpAddress& peer : peers) allocation.permit(peer, request.now);
  Packet packet = pool_.make();
  stun::MessageBuilder builder(packet, stun::MessageClass::kSuccess, request.reply.method, request.reply.transaction);
  send(packet, builder, request.reply);
}

void Server::handle_channel_bind(const Request& request, Allocation& allocation) {
  // RFC 6062 §3: data of a TCP allocation has connections of its own.
  if (allocation.tcp) return send_error(request.reply, ErrorNumber::kBadRequest);
  const auto number = request.message.find_u32(AttributeType::kChannelNumber);
  const auto peer = request.message.find_xor_address(AttributeType::kXorPeerAddress);
  const ChannelNumber channel{static_cast<std::uint16_t>(number.value_or(0) >> 16)};
  if (!number || !peer || !is_bindable(channel)) return send_error(request.reply, ErrorNumber::kBadRequest);
  // RFC 8656 §12.2: a channel has one peer, and a peer one channel.
  const Allocation::Channel* same_number = allocation.channel(channel, request.now);
  const Allocation::Channel* same_peer = allocation.channel(*peer, request.now);
  if ((same_number != nullptr && same_number->peer != *peer) ||
      (same_peer != nullptr && same_peer->number != channel)) {
    return send_error(request.reply, ErrorNumber::kBadRequest);
  }
  if (const auto error = check_peer(allocation, *peer)) return send_error(request.reply, *error);
  if (!policy_.allows_port(*peer)) return send_error(request.reply, ErrorNumber::kForbidden);
  const bool has_room = same_number != nullptr || allocation.has_room_for_channel(request.now);
  if (!has_room || !allocation.has_room_for({peer->ip}, request.now)) {
    return send_error(request.reply, ErrorNumber::kInsufficientCapacity);
  }
  allocation.bind(channel, *peer, request.now);
  Packet packet = pool_.make();
  stun::MessageBuilder builder(packet, stun::MessageClass::kSuccess, request.reply.method, request.reply.transaction);
  send(packet, builder, request.reply);
}

}  // namespace tidewire::turn
