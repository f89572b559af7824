#include "turn/indication.h"

#include <array>
#include <cstring>

#include "turn/attributes.h"

namespace tidewire::turn {

using stun::AttributeType;

namespace {

constexpr std::size_t kAddressOffset = stun::kHeaderSize + 4;  // of XOR-PEER-ADDRESS's value
constexpr unsigned kIndicationType = 0x0010;                   // RFC 8489 §5: the class bits C1 and C0 are 01

void put_u16(std::uint8_t* at, std::size_t value) {
  at[0] = static_cast<std::uint8_t>(value >> 8);
  at[1] = static_cast<std::uint8_t>(value);
}

}  // namespace

// Once for each datagram of a relay: written straight, without a builder's checks, because every size is known.
std::size_t write_indication_front(std::span<std::uint8_t, kMaxIndicationFront> front, stun::Method method,
                                   const stun::TransactionId& id, const SocketAddress& peer, std::size_t data_size) {
  constexpr std::array<std::uint8_t, 4> kCookie{0x21, 0x12, 0xa4, 0x42};
  static_assert(stun::kMagicCookie == 0x2112a442);
  std::uint8_t* const out = front.data();
  const ByteView ip = peer.ip.bytes();
  const std::size_t data_offset = kAddressOffset + 4 + ip.size();
  const std::size_t front_size = data_offset + 4;
  put_u16(out, static_cast<unsigned>(method) | kIndicationType);  // both methods are below 16
  put_u16(out + 2, front_size - stun::kHeaderSize + data_size + indication_padding(data_size));
  std::memcpy(out + 4, kCookie.data(), kCookie.size());
  std::memcpy(out + 8, id.data(), id.size());
  put_u16(out + stun::kHeaderSize, static_cast<unsigned>(AttributeType::kXorPeerAddress));
  put_u16(out + stun::kHeaderSize + 2, 4 + ip.size());
  out[kAddressOffset] = 0;
  out[kAddressOffset + 1] = peer.ip.is_v4() ? 1 : 2;
  put_u16(out + kAddressOffset + 2, peer.port ^ (stun::kMagicCookie >> 16));
  // RFC 8489 §14.2: mixed with the cookie and the transaction id, which lie behind each other in the header.
  for (std::size_t i = 0; i < ip.size(); ++i) {
    out[kAddressOffset + 4 + i] = static_cast<std::uint8_t>(ip[i] ^ out[4 + i]);
  }
  put_u16(out + data_offset, static_cast<unsigned>(AttributeType::kData));
  put_u16(out + data_offset + 2, data_size);
  return front_size;
}

bool wrap_in_indication(Packet& packet, stun::Method method, const stun::TransactionId& id, const SocketAddress& peer) {
  const std::size_t data_size = packet.size();
  const std::size_t padding = indication_padding(data_size);
  if (data_size > kMaxIndicationData || packet.tailroom() < padding) return false;
  std::array<std::uint8_t, kMaxIndicationFront> front{};
  const std::size_t front_size = write_indication_front(front, method, id, peer, data_size);
  if (!packet.prepend(front_size)) return false;
  constexpr std::array<std::uint8_t, 3> kZeroes{};
  if (!packet.append(ByteView(kZeroes).first(padding))) return false;  // cannot be: there is tailroom
  std::memcpy(packet.data(), front.data(), front_size);
  return true;
}

std::optional<IndicationView> read_indication(const stun::MessageView& message) {
  std::optional<ByteView> peer_value;
  std::optional<ByteView> data;
  bool dont_fragment = false;
  for (const stun::Attribute attribute : message.attributes()) {
    // RFC 8489 §14: the first attribute of a type counts.
    if (attribute.type == AttributeType::kData) {
      if (!data) data = attribute.value;
    } else if (attribute.type == AttributeType::kXorPeerAddress) {
      if (!peer_value) peer_value = attribute.value;
    } else if (attribute.type == AttributeType::kDontFragment) {
      dont_fragment = true;
    } else if (stun::comprehension_required(attribute.type) && !is_known_attribute(attribute.type)) {
      return std::nullopt;
    }
  }
  const auto peer = peer_value ? message.read_xor_address(*peer_value) : std::nullopt;
  if (!peer || !data) return std::nullopt;
  return IndicationView{*peer, *data, dont_fragment};
}

}  // namespace tidewire::turn
