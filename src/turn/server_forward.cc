// Data between clients and peers (RFC 8656 §11, §12.6, §12.7). It is decided here what becomes of a datagram; the bytes
// are not touched. This is on the way of every single datagram: no memory is taken, no ledger is asked, and nothing is
// looked up twice.
#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "turn/channel_data.h"
#include "turn/indication.h"
#include "turn/server.h"

namespace tidewire::turn {

bool Server::forward(const SocketAddress& local, const SocketAddress& remote, StreamId stream, ByteView bytes,
                     Timestamp now, Forwarding& out) {
  if (is_relay(local) && stream.value() == 0) return from_peer(local, remote, bytes, now, out);
  // RFC 7983 §7: the first byte tells ChannelData from STUN.
  if (looks_like_channel_data(bytes)) return channel_data({remote, local, stream}, bytes, now, out);
  return message({remote, local, stream}, bytes, now, out);
}

void Server::handle_input(Datagram datagram, Timestamp now) {
  Forwarding forwarding;
  Packet& packet = datagram.packet;
  if (!forward(datagram.local, datagram.remote, datagram.stream, packet.bytes(), now, forwarding)) return;
  packet.remove_prefix(forwarding.offset);
  packet.remove_suffix(packet.size() - forwarding.size);
  constexpr std::array<std::uint8_t, 3> kZeroes{};
  if (!packet.append(ByteView(kZeroes).first(forwarding.padding)) || !packet.prepend(forwarding.prefix_size)) {
    ++stats_.dropped_full;
    return;
  }
  const ByteView prefix = forwarding.prefix_bytes();
  std::copy(prefix.begin(), prefix.end(), packet.data());
  transmit({forwarding.local, forwarding.remote, std::move(packet), forwarding.stream});
}

bool Server::channel_data(const FiveTuple& client, ByteView bytes, Timestamp now, Forwarding& out) {
  Allocation* allocation = established(client, now);
  const auto data = parse_channel_data(bytes);
  // RFC 8656 §12.6: on a channel that is not bound: silently discarded. So is what has more behind it than padding.
  const Allocation::Channel* channel =
      allocation != nullptr && data && bytes.size() - kChannelHeaderSize - data->data.size() <= 3
          ? allocation->channel(data->channel, now)
          : nullptr;
  if (channel == nullptr || !channel->carries(now)) return drop_from_client();
  out.offset = kChannelHeaderSize;
  out.size = data->data.size();
  return to_peer(*allocation, channel->peer, now, out);
}

bool Server::send_indication(const FiveTuple& client, const stun::MessageView& message, Timestamp now,
                             Forwarding& out) {
  Allocation* allocation = established(client, now);
  if (allocation == nullptr || allocation->tcp) return drop_from_client();  // RFC 6062 §3: not for TCP
  const auto indication = read_indication(message);
  // RFC 8656 §11.2: without peer, data or a permission: silently discarded. So is one that must not be fragmented when
  // that cannot be promised (§15).
  if (!indication || !allocation->permits(indication->peer.ip, now) || !policy_.allows_port(indication->peer) ||
      (indication->dont_fragment && !config_.relays_set_dont_fragment)) {
    return drop_from_client();
  }
  out.offset = static_cast<std::size_t>(indication->data.data() - message.bytes().data());
  out.size = indication->data.size();
  return to_peer(*allocation, indication->peer, now, out);
}

bool Server::to_peer(Allocation& allocation, const SocketAddress& peer, Timestamp now, Forwarding& out) {
  const Family family = family_of(peer.ip);
  const Relay& relay = allocation.relay(family);
  if (relay.port == 0) return drop_from_client();
  if (over_rate(allocation, out.size, now)) return false;
  ++allocation.counters.to_peers;
  allocation.counters.to_peers_bytes += out.size;
  ++stats_.to_peers;
  stats_.to_peers_bytes += out.size;
  const IpAddress& relay_address = *relay_ip(family);
  out.local = {relay_address, relay.port};
  out.remote = peer;
  // Another client's relayed port, as that one was told: no NAT need turn it around.
  if (is_advertised_relay(peer)) out.remote.ip = relay_address;
  out.stream = {};
  out.padding = 0;
  out.prefix_size = 0;
  return true;
}

// RFC 8656 §11.3
bool Server::from_peer(const SocketAddress& local, const SocketAddress& remote, ByteView bytes, Timestamp now,
                       Forwarding& out) {
  Allocation* allocation = owners(family_of(local.ip)).find(local.port);
  if (allocation == nullptr || !allocation->lives(now) || allocation->tcp || bytes.size() > kMaxIndicationData) {
    return drop_from_peer();
  }
  // Another client's relayed port, by the address that the clients know.
  SocketAddress peer = remote;
  const auto& advertised = advertised_ip(family_of(peer.ip));
  if (advertised && is_relay(peer)) peer.ip = *advertised;
  // RFC 8656 §12.7: over its channel when the peer has one.
  const Allocation::Channel* channel = allocation->channel(peer, now);
  if (channel != nullptr ? !channel->carries(now) : !allocation->permits(peer.ip, now)) return drop_from_peer();
  // What may not be sent to has nothing to say either: this server's own sockets, but for the relayed ports. Or who
  // sends requests with a relayed port for a source would read their answers (see message()).
  if (!policy_.allows_port(peer)) return drop_from_peer();
  if (over_rate(*allocation, bytes.size(), now)) return false;
  if (channel != nullptr) {
    out.padding = 0;
    out.prefix_size =
        write_channel_header(std::span(out.prefix).first<kChannelHeaderSize>(), channel->number, bytes.size());
  } else {
    out.padding = indication_padding(bytes.size());
    out.prefix_size = write_indication_front(out.prefix, stun::Method::kData, next_data_id(), peer, bytes.size());
  }
  ++allocation->counters.to_client;
  allocation->counters.to_client_bytes += bytes.size();
  ++stats_.to_clients;
  stats_.to_clients_bytes += bytes.size();
  const FiveTuple& client = allocation->made_by.client;
  out.local = client.server;
  out.remote = client.client;
  out.stream = client.stream;
  out.offset = 0;
  out.size = bytes.size();
  return true;
}

// DEVIATES RFC 8489 §5 because its cryptographically random ids are for the pairing of requests with answers: nobody
// answers an indication (RFC 8489 §6.3.2), RFC 8656 §11.4 gives the receiver of a Data indication no use for its id,
// and forging one takes the 5-tuple, not the id. So these need to differ only: a counter that starts anywhere, spread
// over all bits because XOR-PEER-ADDRESS of an IPv6 peer is mixed with them (RFC 8489 §14.2).
stun::TransactionId Server::next_data_id() {
  std::uint64_t bits = data_id_ += 0x9e3779b97f4a7c15U;
  bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9U;
  bits = (bits ^ bits >> 27) * 0x94d049bb133111ebU;
  bits ^= bits >> 31;
  const auto low = static_cast<std::uint32_t>(bits >> 32 ^ data_id_);
  stun::TransactionId id{};
  std::memcpy(id.data(), &bits, sizeof(bits));
  std::memcpy(id.data() + sizeof(bits), &low, sizeof(low));
  return id;
}

// Each byte is paid for with time, in units of 2^-16 nanoseconds; who has paid more than a second ahead waits.
bool Server::over_rate(Allocation& allocation, std::size_t size, Timestamp now) {
  if (cost_per_byte_ == 0) return false;
  if (allocation.paid_until > now + kRateBurst) {
    ++allocation.counters.dropped_over_rate;
    ++stats_.dropped_over_rate;
    return true;
  }
  allocation.paid_until = std::max(allocation.paid_until, now) + cost_of(size);
  return false;
}

bool Server::drop_from_client() {
  ++stats_.dropped_from_clients;
  return false;
}

bool Server::drop_from_peer() {
  ++stats_.dropped_from_peers;
  return false;
}

}  // namespace tidewire::turn
