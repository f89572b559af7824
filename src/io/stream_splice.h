// Two connections, each of which gets what the other one sends: a TURN client's and that of a peer (RFC 6062 §5.4).
//
// One piece of at most kBuffer bytes is on its way in each direction, and no more is read before it is written: whoever
// does not read stops who sends. An end that has closed its side of the connection (FIN) may still receive; so that
// nothing is kept for ever, not when it has received nothing for a minute. Before a client on TLS both sides close
// at a time, because older TLS knows nothing else.
#pragma once

#include <memory>

#include "io/message_stream.h"
#include "io/raw_stream.h"

namespace tidewire::io {

class StreamSplice {
 public:
  static constexpr std::size_t kBuffer = 32 * 1024;
  static constexpr Duration kHalfClosed = std::chrono::minutes(1);

  struct Callbacks {
    // So much was read. Tells when to read more in this direction. Must not destroy the splice.
    UniqueFunction<Timestamp(std::size_t to_peer, std::size_t to_client)> on_bytes;
    // Both connections have ended. May destroy the splice.
    UniqueFunction<void()> on_end;
  };

  // The client's stream has been handed over (see MessageStream::hand_over()), the peer's is connected.
  StreamSplice(EventLoop& loop, MessageStream client, RawStream peer, Callbacks callbacks);
  // Closes both. No callbacks afterwards.
  ~StreamSplice();
  StreamSplice(StreamSplice&&) noexcept;
  StreamSplice& operator=(StreamSplice&&) noexcept;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace tidewire::io
