// The sockets of TCP allocations (RFC 6062) on one thread of the service: relayed ports that listen, connections of
// peers, and what splices them with the clients'.
#pragma once

#include <optional>
#include <unordered_map>

#include "io/event_loop.h"
#include "io/raw_stream.h"
#include "io/stream_splice.h"
#include "turn/server.h"

namespace tidewire::server {

class TcpRelays {
 public:
  // `carry_out` is called when the machine may have something to say without having been asked. Both outlive this.
  TcpRelays(io::EventLoop& loop, turn::Server& machine, UniqueFunction<void()> carry_out);

  void carry_out(const turn::OpenTcpRelay& open);
  void carry_out(const turn::CloseTcpRelay& close);
  void carry_out(const turn::ConnectPeer& connect);
  void carry_out(const turn::ClosePeer& close);

  // A Splice whose client is there: its stream is being handed over, or has ended meanwhile, or is here.
  void expect(const turn::Splice& splice) { expected_.emplace(splice.client.stream, splice.id); }
  void stream_closed(StreamId stream);
  void splice(StreamId stream, io::MessageStream client);

 private:
  // One or the other, or neither while it connects.
  struct Connection {
    std::optional<io::RawStream> peer;
    std::optional<io::StreamSplice> splice;
  };

  void accepted(const SocketAddress& relay, io::RawStream peer);
  void connected(turn::ConnectionId id, bool success);

  io::EventLoop& loop_;
  turn::Server& machine_;
  UniqueFunction<void()> carry_out_;
  std::unordered_map<std::uint16_t, io::RawListener> listeners_[2];  // of each family, by port
  std::unordered_map<turn::ConnectionId, Connection> connections_;
  std::unordered_map<StreamId, turn::ConnectionId> expected_;
};

}  // namespace tidewire::server
