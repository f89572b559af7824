// The connection behind a MessageStream: opening, reading, writing and its end. For message_stream.cc,
// message_listener.cc and stream_splice.cc only.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <optional>
#include <vector>

#include "io/message_stream.h"
#include "io/tls_context.h"
#include "stun/stream_framer.h"

namespace tidewire::io {

namespace asio = boost::asio;

asio::ip::tcp::endpoint to_endpoint(const SocketAddress& address);
SocketAddress from_endpoint(const asio::ip::tcp::endpoint& endpoint);

struct MessageStream::Impl : std::enable_shared_from_this<MessageStream::Impl> {
  using TlsContext = std::shared_ptr<asio::ssl::context>;
  using OnReady = UniqueFunction<void(std::shared_ptr<Impl> self)>;
  using Tls = asio::ssl::stream<asio::ip::tcp::socket&>;
  enum class Phase { kOpening, kOpen, kHandingOver, kHandedOver, kClosing, kClosed };

  Impl(EventLoop& event_loop, StreamFraming framing_of_messages, Options given);

  // A connection that we make. Failures come as on_close, later.
  void connect(const StreamRequest& request, Callbacks given);
  // One that was made to us: `tls` is empty for plain TCP. Calls back when it is open; silent when it never opens.
  void accept(asio::ip::tcp::socket accepted, TlsContext tls_of_listener, Duration authenticate_within,
              OnReady when_ready);
  void start(StreamId given_id, Callbacks given);
  void set_authenticated();

  bool send(Packet packet);
  // The owner lets go.
  void close();
  // The connection is over, and the owner is told.
  void end(std::string reason);
  // Of one that was accepted: when nobody has it yet, nobody will.
  void abandon_opening() {
    if (phase == Phase::kOpening) abort();
  }

  void hand_over(UniqueFunction<void()> when_ready);
  // What belongs to a StreamSplice once the stream is handed over.
  asio::ip::tcp::socket& socket() { return socket_; }
  Tls* tls() { return tls_ ? &*tls_ : nullptr; }
  ByteView unread() const { return unread_; }
  void abort();

  bool is_over() const { return phase == Phase::kClosing || phase == Phase::kClosed; }

  EventLoop& loop;
  Options options;
  Callbacks callbacks;
  StreamId id;
  StreamFraming framing;
  SocketAddress local;
  SocketAddress remote;
  Stats stats;
  bool authenticated = false;
  Timestamp last_active;  // of the peer

 private:
  Result<> prepare(const StreamRequest& request);
  Result<> open_socket(const SocketAddress& wanted_local);
  void connected(boost::system::error_code error);
  void secure(asio::ssl::stream_base::handshake_type side);
  void opened();
  void read();
  void received(boost::system::error_code error, std::size_t n);
  bool deliver(ByteView bytes);
  void schedule_flush();
  void flush();
  void written(boost::system::error_code error);
  void finish_hand_over();
  void say_goodbye();
  void expire();
  std::string why_ended(const boost::system::error_code& error) const;
  std::string peer() const { return remote.to_string(); }

  TlsContext tls_context_;
  asio::ip::tcp::socket socket_;
  std::optional<Tls> tls_;
  std::string server_name_;
  Timer deadline_;  // of opening, of proving itself, of the goodbye
  Duration authenticate_within_{};
  OnReady on_ready_;
  Phase phase = Phase::kOpening;
  bool accepted_ = false;
  bool started_ = false;
  UniqueFunction<void()> on_handed_over_;
  Bytes unread_;            // behind the last message
  std::string end_reason_;  // of one that ended before it was started

  stun::StreamFramer framer_;
  std::vector<Datagram> batch_;
  std::array<std::uint8_t, 16384> incoming_;  // a TLS record at most (RFC 8446 §5.1)
  Bytes pending_;                             // framed, to be written next
  Bytes writing_;
  bool flush_scheduled_ = false;
};

}  // namespace tidewire::io
