// One client's WebSocket on the server's side: reads messages of a bounded size, writes from a bounded queue.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "io/event_loop.h"
#include "server/http/http_handler.h"
#include "server/signaling/session_owner.h"
#include "tidewire/address.h"

namespace tidewire::server {

class WebSocketSession : public std::enable_shared_from_this<WebSocketSession> {
 public:
  using Upgrade = HttpHandler::Upgrade;

  struct Options {
    std::size_t max_queued = 4 << 20;
    Duration idle_ping = std::chrono::seconds{10};  // silent for twice as long, it is lost
  };

  WebSocketSession(io::EventLoop& loop, boost::asio::ip::tcp::socket socket, std::weak_ptr<SessionOwner> owner,
                   const Options& options);

  void accept(Upgrade request);
  // What the client itself calls this server: the Host header of its request.
  std::string_view host() const;
  const SocketAddress& remote() const { return remote_; }
  void send(std::shared_ptr<const std::string> text);
  // Sends what is queued and then the close frame, and does not wait longer than a few seconds for either.
  void close(std::uint16_t code, std::string reason);
  // Ends the TCP connection at once. The owner hears nothing more.
  void abort();

 private:
  enum class Phase { kAccepting, kOpen, kClosing, kClosed };

  void read();
  void handle_read();
  void ended(boost::system::error_code error);
  void write();
  void send_close_frame();
  void end_transport();

  boost::beast::websocket::stream<boost::asio::ip::tcp::socket> stream_;
  std::weak_ptr<SessionOwner> owner_;
  Options options_;
  SocketAddress remote_;
  io::Timer goodbye_;
  Upgrade request_;
  ConnectionId id_;
  boost::beast::flat_buffer buffer_;
  std::deque<std::shared_ptr<const std::string>> queue_;  // the front one is being written
  std::size_t queued_ = 0;
  boost::beast::websocket::close_reason reason_;
  Phase phase_ = Phase::kAccepting;
};

}  // namespace tidewire::server
