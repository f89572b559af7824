// What a connection tells the server that it belongs to.
#pragma once

#include <memory>
#include <string_view>

#include "server/http/http_response.h"
#include "server/signaling/rooms.h"

namespace tidewire::server {

class WebSocketSession;

class SessionOwner {
 public:
  virtual ~SessionOwner() = default;

  virtual HttpResponse respond(const HttpRequest& request) = 0;
  virtual bool is_welcome(std::string_view origin, std::string_view host) = 0;
  // The HTTP connection has become a WebSocket, or has ended.
  virtual void http_ended(std::uint64_t number) = 0;

  virtual ConnectionId opened(std::shared_ptr<WebSocketSession> session) = 0;
  virtual void received(ConnectionId connection, std::string_view text) = 0;
  virtual void refused(ConnectionId connection, const signaling::ErrorMessage& error) = 0;
  virtual void closed(ConnectionId connection, signaling::LeaveReason reason) = 0;
};

}  // namespace tidewire::server
