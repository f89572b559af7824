// Who answers the requests that a listener takes in.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>

#include "server/http/http_message.h"

namespace tidewire::server {

class HttpHandler {
 public:
  using Upgrade = boost::beast::http::request<boost::beast::http::empty_body>;

  virtual ~HttpHandler() = default;

  virtual HttpResponse respond(const HttpRequest& request) = 0;
  // Asked when the request wants to become a WebSocket: true, and upgraded() follows; else respond().
  virtual bool takes_websocket(const HttpRequest& /*request*/) { return false; }
  virtual void upgraded(boost::asio::ip::tcp::socket /*socket*/, Upgrade /*request*/) {}
};

}  // namespace tidewire::server
