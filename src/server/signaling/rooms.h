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
using RoomOutput = std::variant<SendText, CloseConnection>;

class RoomDirectory {
 public:
  RoomDirectory(RoomLimits limits, std::vector<signaling::IceServer> ice_servers, crypto::Random random);

  // A connection was opened. From its first fatal error or `disconnected` on it is unknown here, and what comes
  // from it is ignored.
  void connected(ConnectionId connection, Timestamp now);
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

  std::size_t room_count() const { return rooms_.size(); }
  std::size_t connection_count() const { return connections_.size(); }

 private:
  struct Room;
  struct Connection {
    std::string id;  // empty before `join`
    std::string name;
    Room* room = nullptr;  // not null when joined
    Timestamp opened{};
    double allowance = 0;  // messages that it may send at once
    Timestamp counted{};
  };
  struct Room {
    std::string name;
    std::vector<ConnectionId> members;  // oldest first
  };

  void handle(ConnectionId from, Connection& connection, const signaling::Join& join);
  void handle(ConnectionId from, Connection& connection, const signaling::Description& message);
  void handle(ConnectionId from, Connection& connection, const signaling::Candidate& message);
  void handle(ConnectionId from, Connection& connection, const signaling::Bye& message);
  template <typename Message>
  void relay(ConnectionId from, const Connection& connection, Message message);

  bool take_allowance(Connection& connection, Timestamp now) const;
  std::string id_for(const signaling::Join& join);
  Room* room_for(ConnectionId from, const signaling::Join& join);
  std::optional<ConnectionId> member_with_id(const Room& room, std::string_view id) const;
  void enter(ConnectionId from, Connection& connection, Room& room);
  void take_over(ConnectionId from, Connection& connection, ConnectionId older);
  void welcome(ConnectionId to, const Connection& connection);
  void remove_from_room(ConnectionId connection, Room& room);

  void error(ConnectionId to, signaling::Fault code, std::string message, std::string field = {});
  void send(ConnectionId to, const signaling::ServerMessage& message);
  void send_to_others(const Room& room, ConnectionId except, const signaling::ServerMessage& message);
  // Says why, forgets the connection, and tells the room.
  void end(ConnectionId connection, const signaling::ErrorMessage& error);

  RoomLimits limits_;
  std::vector<signaling::IceServer> ice_servers_;
  crypto::Random random_;
  std::unordered_map<ConnectionId, Connection> connections_;
  std::map<std::string, Room, std::less<>> rooms_;
  std::set<std::pair<Timestamp, ConnectionId>> join_deadlines_;
  std::deque<RoomOutput> outputs_;
};

}  // namespace tidewire::server
