// One member of one room: joins, relays, and joins again under the same id when the server went away.
#pragma once

#include <memory>
#include <string>

#include "io/event_loop.h"
#include "signaling/messages.h"
#include "signaling/room_url.h"
#include "tidewire/result.h"

namespace tidewire::signaling {

class Client {
 public:
  struct Options {
    std::string name;
    // Try again when an established membership breaks off. The very first attempt is never repeated.
    bool reconnect = true;
    Duration first_retry = std::chrono::milliseconds{500};  // doubles each time
    Duration longest_retry = std::chrono::seconds{10};
  };
  // Each may destroy the client.
  struct Callbacks {
    // Every message of the server, `Joined` (also after a reconnection: peers are then those who are there now,
    // under the ids they had before) and `ErrorMessage` among them.
    UniqueFunction<void(ServerMessage message)> on_message;
    // The server is gone; calls live on. With Options::reconnect another `Joined` follows when it is back.
    UniqueFunction<void(Error error)> on_interrupted;
    // Will not join (again): the first attempt failed, the server refused, or there is no reconnection.
    UniqueFunction<void(Error error)> on_failed;
  };

  Client(io::EventLoop& loop, RoomUrl url, Options options, Callbacks callbacks);
  // Leaves the room.
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Connects and joins. Once.
  void start();
  // kInvalidState when not in the room at the moment, kOperation when too much is queued.
  Result<> send(const ClientMessage& message);
  bool is_joined() const;
  // The own id; empty before the first `Joined`.
  const std::string& id() const;
  // Leaves the room: the others see `peer_left` with reason "left". No callback after this.
  void close();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidewire::signaling
