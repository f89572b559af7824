#include "signaling/room_url.h"

#include <boost/url/parse.hpp>
#include <boost/url/scheme.hpp>
#include <boost/url/url_view.hpp>

#include "signaling/limits.h"
#include "signaling/text_rules.h"
#include "tidewire/address.h"

namespace tidewire::signaling {
namespace {

Error bad_url(std::string_view text, const std::string& why) {
  std::string shown(text.substr(0, 100));
  return {ErrorCode::kSyntax, "not a room link: " + (shown.empty() ? std::string("(nothing)") : shown) + " (" + why +
                                  "); a room link looks like http://127.0.0.1:8080/r/blue-fox"};
}

}  // namespace

bool is_room_name(std::string_view text) { return is_token(text, 1, kMaxRoomLength); }

Result<RoomUrl> RoomUrl::parse(std::string_view text) {
  const auto parsed = boost::urls::parse_uri({text.data(), text.size()});
  if (!parsed) return bad_url(text, "no URL");
  RoomUrl url;
  if (parsed->scheme_id() == boost::urls::scheme::https) {
    url.secure = true;
    url.port = 443;
  } else if (parsed->scheme_id() != boost::urls::scheme::http) {
    return bad_url(text, "it must begin with http:// or https://");
  }
  url.host = parsed->host_address();
  if (url.host.empty()) return bad_url(text, "it names no host");
  if (parsed->has_userinfo()) return bad_url(text, "a user name has no place in it");
  if (parsed->has_port() && !parsed->port().empty()) {
    const std::string port(parsed->port());
    const unsigned long number = port.size() <= 5 ? std::stoul(port) : 0;  // digits only: the parser saw to that
    url.port = number <= 65535 ? static_cast<std::uint16_t>(number) : 0;
    if (url.port == 0) return bad_url(text, "the port must be a number from 1 to 65535");
  }
  const std::string path(parsed->encoded_path());
  if (!path.starts_with("/r/")) return bad_url(text, "its path must be /r/ROOM");
  url.room = path.substr(3);
  if (!is_room_name(url.room)) {
    return bad_url(text, "the room's name must be 1 to 64 letters, digits, \"_\" or \"-\"");
  }
  return url;
}

std::string RoomUrl::authority() const {
  const auto ip = IpAddress::parse(host);
  const std::string name = ip && ip->is_v6() ? "[" + host + "]" : host;
  return port == (secure ? 443 : 80) ? name : name + ":" + std::to_string(port);
}

std::string RoomUrl::page_url() const { return (secure ? "https://" : "http://") + authority() + "/r/" + room; }
std::string RoomUrl::websocket_url() const { return (secure ? "wss://" : "ws://") + authority() + "/ws"; }

}  // namespace tidewire::signaling
