// One TCP connection that speaks HTTP: answers requests until it is idle for too long or becomes a WebSocket.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/span_body.hpp>
#include <memory>
#include <optional>

#include "io/event_loop.h"
#include "server/http/http_handler.h"

namespace tidewire::server {

class HttpListener;

class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(io::EventLoop& loop, boost::asio::ip::tcp::socket socket, std::weak_ptr<HttpListener> listener,
                 std::uint64_t number);

  void start() { read(); }
  // Ends the TCP connection; the listener hears of it.
  void abort();

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::empty_body>;
  using Response = boost::beast::http::response<boost::beast::http::span_body<const char>>;

  void read();
  void handle_request();
  void answer(HttpResponse made);
  void upgrade(HttpHandler& handler);
  void end();

  boost::asio::ip::tcp::socket socket_;
  std::weak_ptr<HttpListener> listener_;
  std::uint64_t number_;
  io::Timer idle_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  HttpResponse made_;
  std::optional<Response> response_;  // refers to made_
};

}  // namespace tidewire::server
