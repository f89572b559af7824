// Send and Data indications: how data travels while no channel is bound (RFC 8656 §11).
#pragma once

#include <optional>

#include "base/packet.h"
#include "stun/message.h"
#include "tidewire/address.h"

namespace tidewire::turn {

// Makes a Send (client) or Data (server) indication around the packet's bytes, in its own headroom and tailroom.
// False, unchanged, when there is no room.
[[nodiscard]] bool wrap_in_indication(Packet& packet, stun::Method method, const stun::TransactionId& id,
                                      const SocketAddress& peer);

struct IndicationView {
  SocketAddress peer;
  ByteView data;
};

// The peer and the data of a Send or Data indication; nothing when one is absent, or when it holds an attribute that
// must be understood and is not (RFC 8489 §6.3.2).
std::optional<IndicationView> read_indication(const stun::MessageView& message);

}  // namespace tidewire::turn
