// Rooms and presence: the signaling server without its sockets. A machine: messages and points in time in,
// messages out.
//
// Every client's bytes come in here; none of them can make it fail, grow without bound, or speak for another.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/strong_id.h"
#include "crypto/random.h"
#include "server/signaling/own_turn.h"
#include "server/signaling/signaling_stats.h"
#include "signaling/messages.h"
#include "tidewire/time.h"

namespace tidewire::server {

// One WebSocket connection. Ids are never used again.
using ConnectionId = StrongId<struct ConnectionIdTag, std::uint64_t>;

struct RoomLimits {
  std::size_t rooms = 10'000;
  std::size_t peers_per_room = 16;
  std::size_t connections = 20'000;
  double messages_per_second = 50;
  double message_burst = 500;
  Duration join_timeout = std::chrono::seconds{10};
};

// For the shell to carry out, in order.
struct SendText {
  ConnectionId to;
  std::shared_ptr<const std::string> text;  // shared by all who get the same
};
struct CloseConnection {
  ConnectionId connection;
  std::uint16_t code = 4000;  // RFC 6455 §7.4: 1000, 1001, 1009, or 4000 of our own
  std::string reason;         // at most 123 bytes
};
// What happened, for a log. A room's name lets people in: it has a number here.
struct RoomNotice {
  enum class What : std::uint8_t { kRoomOpened, kRoomClosed, kJoined, kLeft, kRefused };
  What what = What::kRoomOpened;
  ConnectionId connection;                                        // who caused it
  std::uint64_t room = 0;                                         // 0: none
  std::string peer;                                               // its id, when it has one
  signaling::LeaveReason reason = signaling::LeaveReason::kLeft;  // of kLeft
  std::optional<signaling::Fault> fault;                          // of kRefused
};
using RoomOutput = std::variant<SendText, CloseConnection, RoomNotice>;

class RoomDirectory {
 public:
  RoomDirectory(RoomLimits limits, std::vector<signaling::IceServer> ice_servers, crypto::Random random);

  // Told to everybody who joins from now on, before the fixed ones. `wall` dates the credentials.
  void set_own_turn(std::optional<OwnTurn> own) { own_turn_ = std::move(own); }
  void set_wall_clock(const WallClockAnchor& wall) { wall_ = wall; }

  // A connection was opened. From its first fatal error or `disconnected` on it is unknown here, and what comes
  // from it is ignored. `called` is what the client calls this server (a Host header).
  void connected(ConnectionId connection, std::string called, Timestamp now);
  void handle_message(ConnectionId connection, std::string_view text, Timestamp now);
  // Something came in that the shell itself refused (too large, binary), or the client does not read.
  void refuse(ConnectionId connection, signaling::ErrorMessage error);
  void disconnected(ConnectionId connection, signaling::LeaveReason reason);
  // Tells everybody that the server ends, and forgets them.
  void shut_down(const std::string& reason);

  void handle_timeout(Timestamp now);
  Timestamp next_timeout() const;
  // The queue is bounded by what one input can cause: drain it after each.
  std::optional<RoomOutput> poll_output();

  SignalingStats stats() const;

 private:
  struct Room;
  struct Connection {
    std::string id;  // empty before `join`
    std::string name;
    std::string called;
    Room* room = nullptr;  // not null when joined
    Timestamp opened{};
    double allowance = 0;  // messages that it may send at once
    Timestamp counted{};
  };
  struct Room {
    std::string name;
    std::uint64_t number = 0;
    std::vector<ConnectionId> members;  // oldest first
  };

  void join(ConnectionId from, Connection& connection, const signaling::Join& join, Timestamp now);
  template <typename Message>
  void relay(ConnectionId from, const Connection& connection, Message message);

  bool take_allowance(Connection& connection, Timestamp now) const;
  std::string id_for(const signaling::Join& join);
  Room* room_for(ConnectionId from, const signaling::Join& join);
  std::optional<ConnectionId> member_with_id(const Room& room, std::string_view id) const;
  void enter(ConnectionId from, Connection& connection, Room& room, Timestamp now);
  void take_over(ConnectionId from, Connection& connection, ConnectionId older, Timestamp now);
  void welcome(ConnectionId to, const Connection& connection, Timestamp now);
  std::vector<signaling::IceServer> ice_servers_for(const Connection& connection, Timestamp now) const;
  void remove_from_room(ConnectionId connection, Room& room);

  void error(ConnectionId to, signaling::Fault code, std::string message, std::string field = {});
  void count(ConnectionId connection, signaling::Fault fault);
  void send(ConnectionId to, const signaling::ServerMessage& message);
  void send_to_others(const Room& room, ConnectionId except, const signaling::ServerMessage& message);
  // Says why, forgets the connection, and tells the room.
  void end(ConnectionId connection, const signaling::ErrorMessage& error);

  RoomLimits limits_;
  std::vector<signaling::IceServer> ice_servers_;
  std::optional<OwnTurn> own_turn_;
  WallClockAnchor wall_{};
  crypto::Random random_;
  std::unordered_map<ConnectionId, Connection> connections_;
  std::map<std::string, Room, std::less<>> rooms_;
  std::set<std::pair<Timestamp, ConnectionId>> join_deadlines_;
  std::deque<RoomOutput> outputs_;
  std::uint64_t last_room_ = 0;
  SignalingStats stats_;  // what is counted as it happens
};

}  // namespace tidewire::server
