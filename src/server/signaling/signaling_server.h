// The signaling server and the web page on one port (docs/signaling.md). It never sees media.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/event_loop.h"
#include "server/operations/log.h"
#include "server/signaling/rooms.h"
#include "tidewire/address.h"
#include "tidewire/result.h"

namespace tidewire::server {

class SignalingServer {
 public:
  struct Options {
    SocketAddress listen{IpAddress::v4({127, 0, 0, 1}), 8080};  // port 0: the system chooses
    std::vector<signaling::IceServer> ice_servers;              // told to everybody who joins
    std::optional<OwnTurn> own_turn;                            // told before them, with credentials for each
    std::vector<std::string> allowed_origins;                   // besides the own page, as in "https://example.org"
    RoomLimits limits;
    std::size_t max_queued = 4 << 20;               // bytes waiting for one client
    Duration idle_ping = std::chrono::seconds{10};  // silent for twice as long, a client is lost
    Log* log = nullptr;                             // none: nothing is logged. It must outlive the server.
  };

  // The error is one sentence: "cannot listen on 127.0.0.1:8080: Address already in use".
  static Result<SignalingServer> start(io::EventLoop& loop, Options options);
  // Breaks off what is still connected.
  ~SignalingServer();
  SignalingServer(SignalingServer&&) noexcept;
  SignalingServer& operator=(SignalingServer&&) noexcept;

  // Where it listens.
  SocketAddress local_address() const;
  // A link to a room that works on this machine: http://127.0.0.1:8080/r/ROOM
  std::string room_url(std::string_view room) const;

  std::size_t room_count() const;
  std::size_t client_count() const;
  SignalingStats stats() const;

  // For those who join from now on: after the secret or the certificate was replaced.
  void set_own_turn(std::optional<OwnTurn> own);

  // Takes no more connections, tells everybody that the server closes, closes in good order, and calls `done`
  // when the last one is gone, after a few seconds at most. Once.
  void shutdown(UniqueFunction<void()> done);

 private:
  class Impl;
  explicit SignalingServer(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace tidewire::server
