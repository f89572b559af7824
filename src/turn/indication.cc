#include "turn/indication.h"

#include <algorithm>
#include <array>

#include "base/byte_writer.h"
#include "stun/builder.h"
#include "turn/attributes.h"

namespace tidewire::turn {

using stun::AttributeType;

namespace {

constexpr std::size_t kAttributeHeaderSize = 4;
constexpr std::size_t kMaxXorAddressSize = kAttributeHeaderSize + 20;
constexpr std::size_t kLengthOffset = 2;

}  // namespace

bool wrap_in_indication(Packet& packet, stun::Method method, const stun::TransactionId& id, const SocketAddress& peer) {
  std::array<std::uint8_t, stun::kHeaderSize + kMaxXorAddressSize> front{};
  stun::MessageBuilder builder(front, stun::MessageClass::kIndication, method, id);
  builder.add_xor_address(AttributeType::kXorPeerAddress, peer);
  const auto built = builder.finish();
  const std::size_t data_size = packet.size();
  const std::size_t padding = (4 - data_size % 4) % 4;
  if (!built || packet.tailroom() < padding) return false;
  const std::size_t front_size = built->size() + kAttributeHeaderSize;
  if (!packet.prepend(front_size)) return false;
  constexpr std::array<std::uint8_t, 3> kZeroes{};
  if (!packet.append(ByteView(kZeroes).first(padding))) return false;  // cannot be: there is tailroom
  ByteWriter writer(packet.bytes());
  writer.bytes(*built);
  writer.u16(static_cast<std::uint16_t>(AttributeType::kData));
  writer.u16(data_size);
  writer.patch_u16(kLengthOffset, packet.size() - stun::kHeaderSize);
  return true;
}

std::optional<IndicationView> read_indication(const stun::MessageView& message) {
  const auto peer = message.find_xor_address(AttributeType::kXorPeerAddress);
  const auto data = message.find(AttributeType::kData);
  if (!peer || !data || first_unknown_attribute(message)) return std::nullopt;
  return IndicationView{*peer, *data};
}

}  // namespace tidewire::turn
