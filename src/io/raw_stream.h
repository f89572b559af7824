// TCP connections whose bytes nobody here looks at: those of a TURN relay with peers (RFC 6062). Nothing is read from
// one before it goes to a StreamSplice, so that its other end cannot send more than the system's buffers hold.
#pragma once

#include <memory>

#include "io/event_loop.h"
#include "tidewire/address.h"
#include "tidewire/result.h"

namespace tidewire::io {

class RawStream {
 public:
  // From a port that a RawListener may listen on. Calls back once, later; not after the stream was destroyed.
  static RawStream connect(EventLoop& loop, const SocketAddress& from, const SocketAddress& to,
                           UniqueFunction<void(Result<> connected)> done);

  // Closes the connection.
  ~RawStream();
  RawStream(RawStream&&) noexcept;
  RawStream& operator=(RawStream&&) noexcept;

  SocketAddress remote_address() const;

 private:
  friend class RawListener;
  friend class StreamSplice;
  struct Impl;
  explicit RawStream(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

class RawListener {
 public:
  using OnAccept = UniqueFunction<void(RawStream stream)>;

  // Port 0 lets the system choose. An IPv6 socket takes no IPv4.
  static Result<RawListener> listen(EventLoop& loop, const SocketAddress& local, OnAccept on_accept);

  // Accepts no more. Legal in the callback.
  ~RawListener();
  RawListener(RawListener&&) noexcept;
  RawListener& operator=(RawListener&&) noexcept;

  SocketAddress local_address() const;

 private:
  struct Impl;
  explicit RawListener(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace tidewire::io
