// The link to a room, as people share it: http://HOST[:PORT]/r/ROOM
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tidewire/result.h"

namespace tidewire::signaling {

struct RoomUrl {
  bool secure = false;  // https, and so wss
  std::string host;     // name or address; IPv6 without brackets
  std::uint16_t port = 80;
  std::string room;

  // kSyntax with one sentence that says what is wrong and how a room link looks.
  static Result<RoomUrl> parse(std::string_view text);

  std::string page_url() const;       // http://HOST:PORT/r/ROOM; a default port is not written
  std::string websocket_url() const;  // ws://HOST:PORT/ws
  std::string authority() const;      // HOST or HOST:PORT

  friend bool operator==(const RoomUrl&, const RoomUrl&) = default;
};

// True for 1 to kMaxRoomLength characters of [A-Za-z0-9_-].
bool is_room_name(std::string_view text);

}  // namespace tidewire::signaling
