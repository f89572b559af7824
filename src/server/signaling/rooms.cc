#include "server/signaling/rooms.h"

#include <algorithm>
#include <array>

#include "base/base64.h"
#include "crypto/hash.h"
#include "server/signaling/ice_server_mint.h"

namespace tidewire::server {
namespace {

using signaling::ErrorMessage;
using signaling::Fault;

constexpr std::size_t kIdBytes = 12;
constexpr std::uint16_t kTooLargeCode = 1009;   // RFC 6455 §7.4.1: message too big
constexpr std::uint16_t kGoingAwayCode = 1001;  // RFC 6455 §7.4.1
constexpr std::uint16_t kRefusedCode = 4000;    // RFC 6455 §7.4.2: private use

bool ends_connection(Fault fault) {
  switch (fault) {
    case Fault::kBadJson:
    case Fault::kBadMessage:
    case Fault::kNotJoined:
    case Fault::kAlreadyJoined:
    case Fault::kNoSuchPeer: return false;
    default: return true;
  }
}

}  // namespace

RoomDirectory::RoomDirectory(RoomLimits limits, std::vector<signaling::IceServer> ice_servers, crypto::Random random)
    : limits_(limits), ice_servers_(std::move(ice_servers)), random_(std::move(random)) {}

// ---- inputs --------------------------------------------------------------------------------------------------

void RoomDirectory::connected(ConnectionId connection, std::string called, Timestamp now) {
  if (connections_.contains(connection)) return;
  const bool full = connections_.size() >= limits_.connections;
  Connection& made = connections_[connection];
  ++stats_.connections_taken;
  made.called = std::move(called);
  made.opened = made.counted = now;
  made.allowance = limits_.message_burst;
  join_deadlines_.emplace(now + limits_.join_timeout, connection);
  if (full) error(connection, Fault::kServerFull, "the server has too many clients; try again later");
}

void RoomDirectory::handle_message(ConnectionId from, std::string_view text, Timestamp now) {
  const auto found = connections_.find(from);
  if (found == connections_.end()) return;
  Connection& connection = found->second;
  ++stats_.messages;
  if (!take_allowance(connection, now)) {
    return refuse(from, {Fault::kRateLimited, "too many messages; join again more slowly", "", std::nullopt});
  }
  auto parsed = signaling::parse_client_message(text);
  if (const auto* fault = std::get_if<ErrorMessage>(&parsed)) return refuse(from, *fault);
  const auto& message = *std::get_if<signaling::ClientMessage>(&parsed);
  if (const auto* wish = std::get_if<signaling::Join>(&message)) return join(from, connection, *wish, now);
  if (connection.room == nullptr) {
    return error(from, Fault::kNotJoined, "the first message must be \"join\"", "type");
  }
  if (const auto* description = std::get_if<signaling::Description>(&message)) {
    relay(from, connection, *description);
  } else if (const auto* candidate = std::get_if<signaling::Candidate>(&message)) {
    relay(from, connection, *candidate);
  } else if (const auto* bye = std::get_if<signaling::Bye>(&message)) {
    relay(from, connection, *bye);
  }
}

void RoomDirectory::refuse(ConnectionId connection, ErrorMessage fault) {
  if (!connections_.contains(connection)) return;
  if (ends_connection(fault.code)) return end(connection, fault);
  count(connection, fault.code);
  send(connection, fault);
}

void RoomDirectory::disconnected(ConnectionId connection, signaling::LeaveReason reason) {
  const auto found = connections_.find(connection);
  if (found == connections_.end()) return;
  const Connection gone = std::move(found->second);
  join_deadlines_.erase({gone.opened + limits_.join_timeout, connection});
  connections_.erase(found);
  if (gone.room == nullptr) return;
  outputs_.push_back(RoomNotice{RoomNotice::What::kLeft, connection, gone.room->number, gone.id, reason, std::nullopt});
  send_to_others(*gone.room, connection, signaling::PeerLeft{gone.id, reason});
  remove_from_room(connection, *gone.room);
}

void RoomDirectory::shut_down(const std::string& reason) {
  const auto text = std::make_shared<const std::string>(signaling::to_json(signaling::ServerClosing{reason}));
  for (const auto& [connection, state] : connections_) {
    outputs_.push_back(SendText{connection, text});
    outputs_.push_back(CloseConnection{connection, kGoingAwayCode, "server_closing"});
  }
  connections_.clear();
  rooms_.clear();
  join_deadlines_.clear();
}

void RoomDirectory::handle_timeout(Timestamp now) {
  while (!join_deadlines_.empty() && join_deadlines_.begin()->first <= now) {
    const ConnectionId late = join_deadlines_.begin()->second;
    join_deadlines_.erase(join_deadlines_.begin());
    end(late, {Fault::kJoinTimeout, "no \"join\" came in time", "", std::nullopt});
  }
}

Timestamp RoomDirectory::next_timeout() const {
  return join_deadlines_.empty() ? kNever : join_deadlines_.begin()->first;
}

std::optional<RoomOutput> RoomDirectory::poll_output() {
  if (outputs_.empty()) return std::nullopt;
  RoomOutput output = std::move(outputs_.front());
  outputs_.pop_front();
  return output;
}

// ---- joining -------------------------------------------------------------------------------------------------

void RoomDirectory::join(ConnectionId from, Connection& connection, const signaling::Join& join, Timestamp now) {
  if (connection.room != nullptr) {
    return error(from, Fault::kAlreadyJoined, "already in the room " + connection.room->name, "type");
  }
  const std::string id = id_for(join);
  Room* room = room_for(from, join);
  if (room == nullptr) return;
  const std::optional<ConnectionId> older = member_with_id(*room, id);
  if (!older && room->members.size() >= limits_.peers_per_room) {
    return error(from, Fault::kRoomFull, "the room " + join.room + " is full", "room");
  }
  join_deadlines_.erase({connection.opened + limits_.join_timeout, from});
  connection.id = id;
  connection.name = join.name;
  connection.room = room;
  if (older) {
    take_over(from, connection, *older, now);
  } else {
    enter(from, connection, *room, now);
  }
  ++stats_.joins;
  outputs_.push_back(
      RoomNotice{.what = RoomNotice::What::kJoined, .connection = from, .room = room->number, .peer = id});
}

// docs/signaling.md §5: the id is a one-way function of room and key, so that it outlives this server.
std::string RoomDirectory::id_for(const signaling::Join& join) {
  std::array<std::uint8_t, kIdBytes> bytes{};
  if (join.key.empty()) {
    random_.fill(bytes);
  } else {
    // Neither part can hold the separator.
    const crypto::Sha256Digest digest = crypto::sha256(as_bytes("tidewire-peer-id:" + join.room + ":" + join.key));
    std::copy_n(digest.begin(), kIdBytes, bytes.begin());
  }
  return hex_encode(bytes);
}

RoomDirectory::Room* RoomDirectory::room_for(ConnectionId from, const signaling::Join& join) {
  const auto found = rooms_.find(join.room);
  if (found != rooms_.end()) return &found->second;
  if (rooms_.size() >= limits_.rooms) {
    error(from, Fault::kServerFull, "the server has too many rooms; try again later", "room");
    return nullptr;
  }
  Room& room = rooms_.emplace(join.room, Room{join.room, ++last_room_, {}}).first->second;
  outputs_.push_back(RoomNotice{.what = RoomNotice::What::kRoomOpened, .connection = from, .room = room.number});
  return &room;
}

std::optional<ConnectionId> RoomDirectory::member_with_id(const Room& room, std::string_view id) const {
  for (const ConnectionId member : room.members) {
    if (connections_.at(member).id == id) return member;
  }
  return std::nullopt;
}

void RoomDirectory::enter(ConnectionId from, Connection& connection, Room& room, Timestamp now) {
  welcome(from, connection, now);
  room.members.push_back(from);
  send_to_others(room, from, signaling::PeerJoined{{connection.id, connection.name}});
}

// docs/signaling.md §5: the others keep seeing the same peer.
void RoomDirectory::take_over(ConnectionId from, Connection& connection, ConnectionId older, Timestamp now) {
  Room& room = *connection.room;
  std::replace(room.members.begin(), room.members.end(), older, from);
  connections_.at(older).room = nullptr;
  end(older, {Fault::kReplaced, "joined again over another connection", "", std::nullopt});
  welcome(from, connection, now);
}

std::vector<signaling::IceServer> RoomDirectory::ice_servers_for(const Connection& connection, Timestamp now) const {
  if (!own_turn_) return ice_servers_;
  auto servers =
      mint_ice_servers(*own_turn_, connection.called, turn_user(*own_turn_, connection.id), wall_.to_wall(now));
  servers.insert(servers.end(), ice_servers_.begin(), ice_servers_.end());
  return servers;
}

void RoomDirectory::welcome(ConnectionId to, const Connection& connection, Timestamp now) {
  signaling::Joined joined;
  joined.id = connection.id;
  joined.room = connection.room->name;
  joined.ice_servers = ice_servers_for(connection, now);
  for (const ConnectionId member : connection.room->members) {
    if (member == to) continue;
    const Connection& other = connections_.at(member);
    joined.peers.push_back({other.id, other.name});
  }
  send(to, joined);
}

void RoomDirectory::remove_from_room(ConnectionId connection, Room& room) {
  std::erase(room.members, connection);
  if (!room.members.empty()) return;
  outputs_.push_back(RoomNotice{.what = RoomNotice::What::kRoomClosed, .connection = connection, .room = room.number});
  rooms_.erase(rooms_.find(room.name));
}

// ---- relaying ------------------------------------------------------------------------------------------------

template <typename Message>
void RoomDirectory::relay(ConnectionId from, const Connection& connection, Message message) {
  const std::optional<ConnectionId> to = member_with_id(*connection.room, message.peer);
  if (!to || *to == from) {
    return error(from, Fault::kNoSuchPeer, "no such peer in the room", "to");
  }
  message.peer = connection.id;
  send(*to, message);
}

// ---- small parts ---------------------------------------------------------------------------------------------

// A bucket that fills at a steady rate and holds one burst.
bool RoomDirectory::take_allowance(Connection& connection, Timestamp now) const {
  const std::chrono::duration<double> elapsed = now - connection.counted;
  connection.counted = now;
  connection.allowance =
      std::min(limits_.message_burst, connection.allowance + elapsed.count() * limits_.messages_per_second);
  if (connection.allowance < 1) return false;
  connection.allowance -= 1;
  return true;
}

void RoomDirectory::error(ConnectionId to, Fault code, std::string message, std::string field) {
  refuse(to, {code, std::move(message), std::move(field), std::nullopt});
}

void RoomDirectory::send(ConnectionId to, const signaling::ServerMessage& message) {
  outputs_.push_back(SendText{to, std::make_shared<const std::string>(signaling::to_json(message))});
}

void RoomDirectory::send_to_others(const Room& room, ConnectionId except, const signaling::ServerMessage& message) {
  const auto text = std::make_shared<const std::string>(signaling::to_json(message));
  for (const ConnectionId member : room.members) {
    if (member != except) outputs_.push_back(SendText{member, text});
  }
}

void RoomDirectory::count(ConnectionId connection, Fault fault) {
  ++stats_.faults[static_cast<std::size_t>(fault)];
  const Connection& refused = connections_.at(connection);
  outputs_.push_back(RoomNotice{.what = RoomNotice::What::kRefused,
                                .connection = connection,
                                .room = refused.room != nullptr ? refused.room->number : 0,
                                .peer = refused.id,
                                .fault = fault});
}

SignalingStats RoomDirectory::stats() const {
  SignalingStats stats = stats_;
  stats.rooms = rooms_.size();
  stats.connections = connections_.size();
  stats.members = static_cast<std::size_t>(std::count_if(
      connections_.begin(), connections_.end(), [](const auto& entry) { return entry.second.room != nullptr; }));
  return stats;
}

void RoomDirectory::end(ConnectionId connection, const ErrorMessage& fault) {
  count(connection, fault.code);
  send(connection, fault);
  const std::uint16_t code = fault.code == Fault::kTooLarge ? kTooLargeCode : kRefusedCode;
  outputs_.push_back(CloseConnection{connection, code, std::string(to_string(fault.code))});
  // A client that was thrown out may come back: its calls live on (docs/signaling.md §4).
  disconnected(connection, signaling::LeaveReason::kLost);
}

}  // namespace tidewire::server
