// Accepts connections that carry messages: for passive ICE-TCP candidates (RFC 6544), and for TURN over TCP and TLS.
#pragma once

#include <memory>
#include <string>

#include "io/message_stream.h"
#include "tidewire/result.h"

namespace tidewire::io {

class MessageListener {
 public:
  struct Options {
    StreamFraming framing = StreamFraming::kLength;
    // A certificate, those between it and its authority, and the private key, in PEM: TLS. Empty: TCP.
    std::string certificate_pem;
    // Several listeners may have one address, each in a loop of its own; the kernel spreads connections over them.
    bool reuse_port = false;
    // Beside reuse_port: of how many listeners of this address, made one after the other, each is to be given all
    // connections from the same IPv4 address or IPv6 /64. 0: the kernel spreads them anyhow. So it does where it knows
    // no such thing (before Linux 4.5).
    unsigned steer_among = 0;
    // Anybody may connect. Of the connections whose owner has not said set_authenticated(), handshakes included, so
    // many live at a time: one more ends the one that has been idle for longest.
    std::size_t max_unauthenticated = 64;
    // And none of them for longer than this.
    Duration authenticate_within = std::chrono::seconds{30};
    // connect_timeout is that of the TLS handshake.
    MessageStream::Options stream;
  };
  struct Stats {
    std::uint64_t accepted = 0;
    std::uint64_t evicted = 0;  // unauthenticated ones that had to make room
  };
  // An open connection; call start() on it, now or later. Destroying it closes it.
  using OnAccept = UniqueFunction<void(MessageStream stream)>;

  // Port 0 lets the system choose. An IPv6 socket takes no IPv4.
  static Result<MessageListener> listen(EventLoop& loop, const SocketAddress& local, OnAccept on_accept,
                                        Options options);

  // Accepts no more; what has been handed over lives on. Legal in the callback.
  ~MessageListener();
  MessageListener(MessageListener&&) noexcept;
  MessageListener& operator=(MessageListener&&) noexcept;

  // Another certificate, as Options::certificate_pem, for the connections to come: those that are open keep theirs.
  // After an error the one before stays. kInvalidState when the listener serves no TLS.
  Result<> set_certificate(const std::string& certificate_pem);

  // The bound address with the port that the system chose.
  SocketAddress local_address() const;
  const Stats& stats() const;

 private:
  struct Impl;
  explicit MessageListener(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace tidewire::io
