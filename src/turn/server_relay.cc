// Data between clients and peers (RFC 8656 §11, §12.6, §12.7). Packets are cut and get headers where they lie.
#include <utility>

#include "base/byte_writer.h"
#include "turn/server.h"

namespace tidewire::turn {
namespace {

using stun::AttributeType;

constexpr std::size_t padding(std::size_t size) { return (4 - size % 4) % 4; }

}  // namespace

void Server::channel_data_from_client(Datagram datagram, Timestamp now) {
  const auto data = parse_channel_data(datagram.packet.bytes());
  const Allocation* allocation = established({datagram.remote, datagram.local, datagram.stream}, now);
  const Allocation::Channel* channel =
      data && allocation != nullptr ? allocation->channel(data->channel, now) : nullptr;
  // RFC 8656 §12.6: on a channel that is not bound: silently discarded. So is what has more behind it than padding.
  // A channel outlives its permission when nobody renews that (§9): then nothing passes either.
  if (channel == nullptr || datagram.packet.size() - kChannelHeaderSize - data->data.size() > 3 ||
      !allocation->permits(channel->peer.ip, now)) {
    ++stats_.dropped_from_clients;
    return;
  }
  strip_channel_header(datagram.packet, data->data.size());
  to_peer(*allocation, channel->peer, std::move(datagram.packet));
}

void Server::send_indication(Datagram datagram, const stun::MessageView& message, Timestamp now) {
  const Allocation* allocation = established({datagram.remote, datagram.local, datagram.stream}, now);
  const auto peer = message.find_xor_address(AttributeType::kXorPeerAddress);
  const auto data = message.find(AttributeType::kData);
  // RFC 8656 §11.2: without either attribute, or a permission: silently discarded. RFC 8489 §6.3.2: so is what has an
  // unknown attribute, DONT-FRAGMENT when it is one.
  if (allocation == nullptr || !peer || !data || !allocation->permits(peer->ip, now) || !policy_.allows_port(*peer) ||
      !unknown_attributes(message).empty()) {
    ++stats_.dropped_from_clients;
    return;
  }
  const auto offset = static_cast<std::size_t>(data->data() - datagram.packet.data());
  const std::size_t size = data->size();
  datagram.packet.remove_prefix(offset);
  datagram.packet.remove_suffix(datagram.packet.size() - size);
  to_peer(*allocation, *peer, std::move(datagram.packet));
}

void Server::to_peer(const Allocation& allocation, const SocketAddress& peer, Packet packet) {
  const Family family = family_of(peer.ip);
  const Relay& relay = allocation.relay(family);
  if (relay.port == 0) {
    ++stats_.dropped_from_clients;
    return;
  }
  ++stats_.to_peers;
  stats_.to_peers_bytes += packet.size();
  transmit({{*relay_ip(family), relay.port}, peer, std::move(packet)});
}

// RFC 8656 §11.3
void Server::from_peer(Datagram datagram, Timestamp now) {
  const Allocation* allocation = ports(family_of(datagram.local.ip)).find(datagram.local.port);
  if (allocation == nullptr || allocation->is_pending() || allocation->expires <= now ||
      !allocation->permits(datagram.remote.ip, now)) {
    ++stats_.dropped_from_peers;
    return;
  }
  const std::size_t size = datagram.packet.size();
  // RFC 8656 §12.7: over its channel when the peer has one.
  const Allocation::Channel* channel = allocation->channel(datagram.remote, now);
  const bool fits = channel != nullptr ? prepend_channel_header(datagram.packet, channel->number)
                                       : make_data_indication(datagram.packet, datagram.remote);
  if (!fits) {
    ++stats_.dropped_from_peers;
    return;
  }
  ++stats_.to_clients;
  stats_.to_clients_bytes += size;
  const FiveTuple& client = allocation->made_by.client;
  transmit({client.server, client.client, std::move(datagram.packet), client.stream});
}

// Puts everything that a Data indication has before its data in front of the packet, where MessageBuilder would copy.
bool Server::make_data_indication(Packet& packet, const SocketAddress& peer) {
  constexpr std::size_t kAttributeHeader = 4;
  constexpr std::array<std::uint8_t, 3> kZeroes{};
  const std::size_t size = packet.size();
  const std::size_t address_size = kAttributeHeader + 4 + peer.ip.bytes().size();
  const std::size_t head_size = stun::kHeaderSize + address_size + kAttributeHeader;
  if (head_size + size + padding(size) > 0xffff || packet.headroom() < head_size || packet.tailroom() < padding(size)) {
    return false;
  }
  stun::TransactionId id;
  random_.fill(id);
  std::array<std::uint8_t, 64> head{};
  stun::MessageBuilder builder(head, stun::MessageClass::kIndication, stun::Method::kData, id);
  builder.add_xor_address(AttributeType::kXorPeerAddress, peer);
  if (!builder.finish() || !packet.append(ByteView(kZeroes).first(padding(size))) || !packet.prepend(head_size)) {
    return false;
  }
  ByteWriter writer(packet.bytes().first(head_size));
  writer.bytes(ByteView(head).first(stun::kHeaderSize + address_size));
  writer.u16(static_cast<std::uint16_t>(AttributeType::kData));
  writer.u16(size);
  writer.patch_u16(2, packet.size() - stun::kHeaderSize);
  return true;
}

}  // namespace tidewire::turn
