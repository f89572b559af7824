// TCP and TLS connections of a connection: to servers, and to and from ICE-TCP candidates.
#include <utility>

#include "peer/network.h"

namespace tidewire::peer {

// RFC 6544 §4.1: a passive candidate. Where no port can be had, peers that reach us over UDP, or that we reach over
// TCP, remain.
void Network::listen(Local& local, std::uint16_t preference) {
  auto listener = io::MessageListener::listen(loop_, {local.bound.ip, 0},
                                              [this](io::MessageStream stream) { accept(std::move(stream)); }, {});
  if (!listener) return;
  const SocketAddress bound = listener->local_address();
  const LocalSocket socket{
      .bound = bound, .preference = preference, .mdns_name = local.mdns_name, .public_ip = configuration_.public_ip};
  if (!session_.add_tcp_listener(socket, loop_.now())) return;
  local.listener = std::move(*listener);
}

void Network::accept(io::MessageStream stream) {
  const auto id = session_.stream_accepted(stream.local_address(), stream.remote_address(), loop_.now());
  // One too many is closed by going out of scope.
  if (!id) return;
  stream.start(*id, stream_callbacks(*id));
  streams_.emplace(*id, std::move(stream));
  on_change_();
}

io::MessageStream::Callbacks Network::stream_callbacks(StreamId id) {
  return {.on_open =
              [this, id](const SocketAddress& local) {
                session_.stream_opened(id, local, loop_.now());
                on_change_();
              },
          .on_messages = [this](std::span<Datagram> batch) { handle_batch(batch); },
          .on_close =
              [this, id](const std::string& reason) {
                streams_.erase(id);
                session_.stream_closed(id, reason, loop_.now());
                on_change_();
              }};
}

void Network::open_stream(const StreamRequest& request) {
  streams_.emplace(request.id, io::MessageStream::connect(loop_, request, stream_callbacks(request.id),
                                                          {.ca_file = configuration_.tls_ca_file}));
}

void Network::close_stream(StreamId stream) { streams_.erase(stream); }

}  // namespace tidewire::peer
