#include "server/turn/tcp_relays.h"

#include <utility>

namespace tidewire::server {

TcpRelays::TcpRelays(io::EventLoop& loop, turn::Server& machine, UniqueFunction<void()> carry_out)
    : loop_(loop), machine_(machine), carry_out_(std::move(carry_out)) {}

void TcpRelays::carry_out(const turn::OpenTcpRelay& open) {
  auto listener = io::RawListener::listen(
      loop_, open.address, [this, relay = open.address](io::RawStream peer) { accepted(relay, std::move(peer)); });
  if (!listener) return machine_.relay_failed(open.address, io::EventLoop::now());
  listeners_[open.address.ip.is_v4() ? 0 : 1].emplace(open.address.port, *std::move(listener));
  machine_.relay_opened(open.address, io::EventLoop::now());
}

void TcpRelays::carry_out(const turn::CloseTcpRelay& close) {
  listeners_[close.address.ip.is_v4() ? 0 : 1].erase(close.address.port);
}

void TcpRelays::carry_out(const turn::ConnectPeer& connect) {
  connections_[connect.id].peer.emplace(
      io::RawStream::connect(loop_, connect.from, connect.to,
                             [this, id = connect.id](const Result<>& result) { connected(id, result.has_value()); }));
}

void TcpRelays::connected(turn::ConnectionId id, bool success) {
  if (success) {
    machine_.peer_connected(id, io::EventLoop::now());
  } else {
    connections_.erase(id);
    machine_.peer_connect_failed(id, io::EventLoop::now());
  }
  carry_out_();
}

void TcpRelays::accepted(const SocketAddress& relay, io::RawStream peer) {
  const auto id = machine_.peer_accepted(relay, peer.remote_address(), io::EventLoop::now());
  if (!id) return;
  connections_[*id].peer.emplace(std::move(peer));
  carry_out_();
}

void TcpRelays::carry_out(const turn::ClosePeer& close) { connections_.erase(close.id); }

void TcpRelays::stream_closed(StreamId stream) {
  const auto expected = expected_.extract(stream);
  if (!expected) return;
  connections_.erase(expected.mapped());
  machine_.peer_closed(expected.mapped(), io::EventLoop::now());
}

void TcpRelays::splice(StreamId stream, io::MessageStream client) {
  const auto expected = expected_.extract(stream);
  if (!expected) return;
  const turn::ConnectionId id = expected.mapped();
  const auto connection = connections_.find(id);
  if (connection == connections_.end() || !connection->second.peer) return;  // the allocation has ended meanwhile
  io::RawStream peer = *std::exchange(connection->second.peer, std::nullopt);
  connection->second.splice.emplace(
      loop_, std::move(client), std::move(peer),
      io::StreamSplice::Callbacks{.on_bytes =
                                      [this, id](std::size_t to_peer, std::size_t to_client) {
                                        return machine_.spliced(id, {to_peer, to_client}, io::EventLoop::now());
                                      },
                                  .on_end =
                                      [this, id] {
                                        connections_.erase(id);
                                        machine_.peer_closed(id, io::EventLoop::now());
                                        carry_out_();
                                      }});
}

}  // namespace tidewire::server
