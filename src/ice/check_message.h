// The STUN messages of connectivity checks (RFC 8445 §7.1, §7.2.2, §7.3).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/packet.h"
#include "ice/types.h"
#include "stun/message.h"

namespace tidewire::ice {

struct CheckRequest {
  stun::TransactionId id{};
  std::string_view username;    // "peer's ufrag:our ufrag"
  std::string_view remote_pwd;  // the peer's
  Role role{};
  std::uint64_t tie_breaker = 0;
  std::uint32_t priority = 0;  // what a peer-reflexive candidate learnt from this check shall have
  bool use_candidate = false;
};

// Each gives an empty handle when the message does not fit, which the lengths that credentials may have exclude.
Packet build_check(PacketPool& pool, const CheckRequest& request);
Packet build_success(PacketPool& pool, const stun::TransactionId& id, const SocketAddress& mapped,
                     std::string_view local_pwd);
// Without a password there is no MESSAGE-INTEGRITY (RFC 8489 §9.1.3: 400 and 401).
Packet build_error(PacketPool& pool, const stun::TransactionId& id, stun::ErrorNumber code,
                   std::optional<std::string_view> local_pwd, std::span<const stun::AttributeType> unknown = {});
// A request to a STUN server, without credentials.
Packet build_binding_request(PacketPool& pool, const stun::TransactionId& id);

// The comprehension-required attributes of a Binding message that an ICE agent does not know, at most 16.
std::size_t unknown_attributes(const stun::MessageView& message, std::span<stun::AttributeType, 16> unknown);

}  // namespace tidewire::ice
