// A TCP or TLS connection that carries whole messages: to a TURN server, or between ICE-TCP candidates.
//
// What StreamRequest asks for (include/tidewire/stream.h), with sockets. Messages come out as datagrams that name the
// connection; what is sent is framed here.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/datagram.h"
#include "io/event_loop.h"
#include "tidewire/stream.h"

namespace tidewire::io {

class MessageStream {
 public:
  struct Options {
    Duration connect_timeout = std::chrono::seconds{10};  // TCP and TLS together
    // Bytes that may wait for the network. Above that new messages are dropped and counted, as on a full link: media
    // must not pile up behind a slow connection. Half a second of 2 Mbit/s.
    std::size_t max_queued = 128 * 1024;
    bool verify_certificate = true;  // TLS: by StreamRequest::server_name, which may be an address in textual form
    std::string ca_file;             // TLS: authorities in PEM; empty: those of the system
  };
  struct Stats {
    std::uint64_t messages_received = 0;
    std::uint64_t messages_sent = 0;     // handed to the connection
    std::uint64_t writes = 0;            // in how many pieces: messages of one turn go out together
    std::uint64_t dropped_oversize = 0;  // arrived longer than a packet holds, or had no room for the framing
    std::uint64_t dropped_queue = 0;     // not sent: too much was waiting, or the connection has ended
  };
  // on_close comes once, as the last one, also when the connection never opened; not after close(). Every callback may
  // destroy the stream, and none runs inside a call of it.
  struct Callbacks {
    UniqueFunction<void(const SocketAddress& local)> on_open;
    UniqueFunction<void(std::span<Datagram> messages)> on_messages;  // packets may be moved out
    UniqueFunction<void(std::string reason)> on_close;  // "cannot reach 192.0.2.1:3478: Connection refused"
  };

  static MessageStream connect(EventLoop& loop, const StreamRequest& request, Callbacks callbacks);
  static MessageStream connect(EventLoop& loop, const StreamRequest& request, Callbacks callbacks, Options options);

  // As close().
  ~MessageStream();
  MessageStream(MessageStream&&) noexcept;
  MessageStream& operator=(MessageStream&&) noexcept;

  // For a stream that a MessageListener accepted: nothing is read from it before this.
  void start(StreamId id, Callbacks callbacks);
  // Likewise: its peer has proven who it is (an ICE check with the right password, TURN credentials). Until then the
  // listener may end it in favour of newer ones.
  void set_authenticated();

  // Queues a message; what is sent in one turn of the loop leaves together. Before on_open it waits. False when it was
  // dropped.
  bool send(Packet packet);
  // In on_messages, of a stream that a MessageListener accepted, before set_authenticated(): the connection is to carry
  // other things than messages from here on. What has been sent, and is sent now, still leaves; then `ready` is called,
  // in which the stream goes to a StreamSplice. Until then it may end as always.
  void hand_over(UniqueFunction<void()> ready);
  // The connection's ends. The local one is 0.0.0.0:0 before on_open.
  SocketAddress local_address() const;
  SocketAddress remote_address() const;
  const Stats& stats() const;

  // No callback after this. Messages that wait are still sent, for three seconds at most, behind the owner's back.
  void close();

 private:
  friend class MessageListener;
  friend class StreamSplice;
  struct Impl;
  explicit MessageStream(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace tidewire::io
