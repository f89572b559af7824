// Send and Data indications: how data travels while no channel is bound (RFC 8656 §11).
#pragma once

#include <optional>
#include <span>

#include "base/packet.h"
#include "stun/message.h"
#include "tidewire/address.h"

namespace tidewire::turn {

// Makes a Send (client) or Data (server) indication around the packet's bytes, in its own headroom and tailroom.
// False, unchanged, when there is no room.
[[nodiscard]] bool wrap_in_indication(Packet& packet, stun::Method method, const stun::TransactionId& id,
                                      const SocketAddress& peer);

// The longest front of an indication: its header, XOR-PEER-ADDRESS of an IPv6 peer, the header of DATA.
inline constexpr std::size_t kMaxIndicationFront = 48;
// The most data that one can carry: its length counts 16 bits.
inline constexpr std::size_t kMaxIndicationData = 0xffff - kMaxIndicationFront;

// Writes what stands before the data, and tells how long it is. Behind the data follows padding up to a multiple of
// four. `data_size` is at most kMaxIndicationData.
std::size_t write_indication_front(std::span<std::uint8_t, kMaxIndicationFront> front, stun::Method method,
                                   const stun::TransactionId& id, const SocketAddress& peer, std::size_t data_size);

constexpr std::size_t indication_padding(std::size_t data_size) { return (4 - data_size % 4) % 4; }

struct IndicationView {
  SocketAddress peer;
  ByteView data;
  bool dont_fragment = false;
};

// The peer and the data of a Send or Data indication; nothing when one is absent, or when it holds an attribute that
// must be understood and is not (RFC 8489 §6.3.2).
std::optional<IndicationView> read_indication(const stun::MessageView& message);

}  // namespace tidewire::turn
