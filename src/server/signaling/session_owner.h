// What a WebSocket tells the server that it belongs to.
#pragma once

#include <memory>
#include <string_view>

#include "server/signaling/rooms.h"

namespace tidewire::server {

class WebSocketSession;

class SessionOwner {
 public:
  virtual ~SessionOwner() = default;

  virtual ConnectionId opened(std::shared_ptr<WebSocketSession> session) = 0;
  virtual void received(ConnectionId connection, std::string_view text) = 0;
  virtual void refused(ConnectionId connection, const signaling::ErrorMessage& error) = 0;
  virtual void closed(ConnectionId connection, signaling::LeaveReason reason) = 0;
};

}  // namespace tidewire::server
