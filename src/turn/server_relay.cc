// Data between clients and peers (RFC 8656 §11, §12.6, §12.7). Packets are cut and get headers where they lie.
#include <utility>

#include "turn/channel_data.h"
#include "turn/indication.h"
#include "turn/server.h"

namespace tidewire::turn {

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
  const auto indication = read_indication(message);
  // RFC 8656 §11.2: without peer, data or a permission: silently discarded. So is one that must not be fragmented when
  // that cannot be promised (§15).
  if (allocation == nullptr || !indication || !allocation->permits(indication->peer.ip, now) ||
      !policy_.allows_port(indication->peer) ||
      (message.has(stun::AttributeType::kDontFragment) && !config_.relays_set_dont_fragment)) {
    ++stats_.dropped_from_clients;
    return;
  }
  const SocketAddress peer = indication->peer;
  const auto offset = static_cast<std::size_t>(indication->data.data() - datagram.packet.data());
  const std::size_t size = indication->data.size();
  datagram.packet.remove_prefix(offset);
  datagram.packet.remove_suffix(datagram.packet.size() - size);
  to_peer(*allocation, peer, std::move(datagram.packet));
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
  stun::TransactionId id{};
  if (channel == nullptr) random_.fill(id);
  const bool fits = channel != nullptr ? prepend_channel_header(datagram.packet, channel->number)
                                       : wrap_in_indication(datagram.packet, stun::Method::kData, id, datagram.remote);
  if (!fits) {
    ++stats_.dropped_from_peers;
    return;
  }
  ++stats_.to_clients;
  stats_.to_clients_bytes += size;
  const FiveTuple& client = allocation->made_by.client;
  transmit({client.server, client.client, std::move(datagram.packet), client.stream});
}

}  // namespace tidewire::turn
