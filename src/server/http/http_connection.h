// One TCP connection that speaks HTTP: answers requests until it is idle for too long or becomes a WebSocket.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/span_body.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>
#include <optional>

#include "io/event_loop.h"
#include "server/signaling/session_owner.h"
#include "server/signaling/websocket_session.h"

namespace tidewire::server {

class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(io::EventLoop& loop, boost::asio::ip::tcp::socket socket, std::weak_ptr<SessionOwner> owner,
                 std::uint64_t number, const WebSocketSession::Options& websocket_options);

  void start() { read(); }
  // Ends the TCP connection; the owner hears of it.
  void abort();

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::empty_body>;
  using Response = boost::beast::http::response<boost::beast::http::span_body<const char>>;

  void read();
  void handle_request();
  void answer(const HttpResponse& made);
  void upgrade();
  void end();

  io::EventLoop& loop_;
  boost::asio::ip::tcp::socket socket_;
  std::weak_ptr<SessionOwner> owner_;
  std::uint64_t number_;
  WebSocketSession::Options websocket_options_;
  io::Timer idle_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  std::optional<Response> response_;
};

}  // namespace tidewire::server
