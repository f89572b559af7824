// Listens on one address and serves a bounded number of HTTP connections.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <memory>
#include <unordered_map>

#include "io/event_loop.h"
#include "server/http/http_handler.h"
#include "tidewire/address.h"
#include "tidewire/result.h"

namespace tidewire::server {

class HttpConnection;

class HttpListener : public std::enable_shared_from_this<HttpListener> {
 public:
  struct Options {
    SocketAddress listen;                // port 0: the system chooses
    std::size_t max_connections = 1024;  // more are closed at once
  };

  HttpListener(io::EventLoop& loop, std::weak_ptr<HttpHandler> handler, const Options& options);

  // The error is one sentence: "cannot listen on 127.0.0.1:8080: Address already in use".
  Result<> start();
  const SocketAddress& local_address() const { return local_; }

  // Takes no more connections and ends those that are there. Those that became WebSockets are no longer its own.
  void stop();

  // For its connections.
  std::shared_ptr<HttpHandler> handler() const { return handler_.lock(); }
  void ended(std::uint64_t number) { connections_.erase(number); }

 private:
  void accept();
  void serve(boost::asio::ip::tcp::socket socket);

  io::EventLoop& loop_;
  std::weak_ptr<HttpHandler> handler_;
  Options options_;
  boost::asio::ip::tcp::acceptor acceptor_;
  SocketAddress local_;
  io::Timer accept_pause_;
  std::unordered_map<std::uint64_t, std::shared_ptr<HttpConnection>> connections_;
  std::uint64_t last_number_ = 0;
};

}  // namespace tidewire::server
