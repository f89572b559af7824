// Refresh (RFC 8656 §8.2).
#include <chrono>
#include <utility>

#include "turn/server.h"

namespace tidewire::turn {

using stun::AttributeType;
using stun::ErrorNumber;

void Server::answer_refresh(const ReplyTo& reply, Duration lifetime) {
  Packet packet = pool_.make();
  stun::MessageBuilder builder(packet, stun::MessageClass::kSuccess, reply.method, reply.transaction);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(lifetime).count();
  builder.add_u32(AttributeType::kLifetime, static_cast<std::uint32_t>(seconds));
  send(packet, builder, reply);
}

void Server::handle_refresh(const Request& request, Allocation& allocation) {
  const stun::MessageView& message = request.message;
  const auto lifetime = message.find_u32(AttributeType::kLifetime);
  if (message.has(AttributeType::kLifetime) && !lifetime) return send_error(request.reply, ErrorNumber::kBadRequest);
  std::optional<Family> only;
  if (const auto family = message.find(AttributeType::kRequestedAddressFamily)) {
    if (family->size() != 4) return send_error(request.reply, ErrorNumber::kBadRequest);
    // RFC 8656 §8.2: 443 for a family that the allocation has not.
    if ((*family)[0] == 1) only = Family::kV4;
    if ((*family)[0] == 2) only = Family::kV6;
    if (!only || allocation.relay(*only).port == 0) {
      return send_error(request.reply, ErrorNumber::kPeerAddressFamilyMismatch);
    }
  }
  if (lifetime && *lifetime == 0) {
    answer_refresh(request.reply, Duration::zero());
    if (!only) return remove(allocation, EndReason::kByClient, request.now);
    // RFC 8656 §8.2: of two families the other one stays.
    close_relay(allocation, *only);
    allocation.forget_peers(*only);
    if (allocation.relays[0].port == 0 && allocation.relays[1].port == 0)
      remove(allocation, EndReason::kByClient, request.now);
    return;
  }
  const Duration granted = granted_lifetime(message);
  allocations_.set_expiry(allocation, request.now + granted);
  answer_refresh(request.reply, granted);
}

}  // namespace tidewire::turn
