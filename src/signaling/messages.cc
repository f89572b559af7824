#include "signaling/messages.h"

#include <array>
#include <boost/json/stream_parser.hpp>
#include <memory>
#include <utility>

#include "signaling/json_reader.h"
#include "signaling/room_url.h"
#include "signaling/text_rules.h"

namespace tidewire::signaling {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxIdLength = 64;
constexpr std::uint64_t kMaxExact = (std::uint64_t{1} << 53) - 1;
constexpr std::size_t kMaxDepth = 8;

constexpr std::array<std::pair<SdpType, std::string_view>, 4> kSdpTypes = {{{SdpType::kOffer, "offer"},
                                                                            {SdpType::kPranswer, "pranswer"},
                                                                            {SdpType::kAnswer, "answer"},
                                                                            {SdpType::kRollback, "rollback"}}};
constexpr std::array<std::pair<LeaveReason, std::string_view>, 2> kLeaveReasons = {
    {{LeaveReason::kLeft, "left"}, {LeaveReason::kLost, "lost"}}};
constexpr std::array<std::pair<Fault, std::string_view>, 13> kFaults = {
    {{Fault::kBadJson, "bad_json"},
     {Fault::kBadMessage, "bad_message"},
     {Fault::kUnsupportedVersion, "unsupported_version"},
     {Fault::kNotJoined, "not_joined"},
     {Fault::kAlreadyJoined, "already_joined"},
     {Fault::kNoSuchPeer, "no_such_peer"},
     {Fault::kRoomFull, "room_full"},
     {Fault::kServerFull, "server_full"},
     {Fault::kTooLarge, "too_large"},
     {Fault::kRateLimited, "rate_limited"},
     {Fault::kTooSlow, "too_slow"},
     {Fault::kReplaced, "replaced"},
     {Fault::kJoinTimeout, "join_timeout"}}};

template <typename Table, typename Key>
std::string_view name_in(const Table& table, Key key) {
  for (const auto& [value, name] : table) {
    if (value == key) return name;
  }
  return "unknown";
}

// Reports what is none of the names in the table.
template <typename Table>
auto read_enum(const JsonReader& reader, std::string_view member, const Table& table) {
  const std::string text = reader.string(member);
  std::string names;
  for (const auto& [value, name] : table) {
    if (name == text) return value;
    names += (names.empty() ? "\"" : ", \"") + std::string(name) + "\"";
  }
  reader.report(member, "\"" + std::string(member) + "\" must be one of " + names);
  return table.front().first;
}

// ---- reading the parts -----------------------------------------------------------------------------------------

std::string read_id(const JsonReader& reader, std::string_view member) {
  std::string id = reader.string(member);
  if (id.empty() || id.size() > kMaxIdLength) {
    reader.report(member, "\"" + std::string(member) + "\" must be the id of a peer");
  }
  return id;
}

std::string read_free_text(const JsonReader& reader, std::string_view member, std::size_t maximum) {
  std::string text = reader.optional_string(member).value_or("");
  if (!is_free_text(text, maximum)) {
    reader.report(member, "\"" + std::string(member) + "\" must be at most " + std::to_string(maximum) +
                              " characters without control characters");
  }
  return text;
}

PeerInfo read_peer(const JsonReader& reader) {
  PeerInfo peer;
  peer.id = read_id(reader, "id");
  peer.name = read_free_text(reader, "name", kMaxNameLength);
  return peer;
}

IceServer read_ice_server(const JsonReader& reader) {
  IceServer server;
  const json::array* urls = reader.array("urls");
  for (std::size_t i = 0; urls != nullptr && i < urls->size(); ++i) {
    if (const json::string* url = (*urls)[i].if_string()) {
      server.urls.emplace_back(url->data(), url->size());
    } else {
      reader.report("urls." + std::to_string(i), "each of \"urls\" must be a string");
    }
  }
  server.username = reader.optional_string("username").value_or("");
  server.credential = reader.optional_string("credential").value_or("");
  return server;
}

template <typename Read>
auto read_each(const JsonReader& reader, std::string_view member, Read read) {
  std::vector<decltype(read(reader))> values;
  const json::array* array = reader.array(member);
  for (std::size_t i = 0; array != nullptr && i < array->size(); ++i) {
    const std::string name = std::string(member) + "." + std::to_string(i);
    if (const json::object* object = (*array)[i].if_object()) {
      values.push_back(read(JsonReader(*object, reader.path(name) + ".", reader.error())));
    } else {
      reader.report(name, "each of \"" + std::string(member) + "\" must be an object");
    }
  }
  return values;
}

// ---- reading the messages: `peer` is "to" or "from" ------------------------------------------------------------

Join read_join(const JsonReader& reader) {
  Join join;
  join.version = static_cast<int>(reader.integer("version", 1'000'000));
  join.room = reader.string("room");
  if (!is_room_name(join.room)) {
    reader.report("room", "\"room\" must be 1 to 64 letters, digits, \"_\" or \"-\"");
  }
  join.name = read_free_text(reader, "name", kMaxNameLength);
  join.key = reader.optional_string("key").value_or("");
  if (!join.key.empty() && !is_token(join.key, kMinKeyLength, kMaxKeyLength)) {
    reader.report("key", "\"key\" must be 16 to 128 letters, digits, \"_\" or \"-\"");
  }
  return join;
}

Description read_description(const JsonReader& reader, std::string_view peer) {
  Description message;
  message.peer = read_id(reader, peer);
  if (const json::object* object = reader.object("description")) {
    const JsonReader inner(*object, "description.", reader.error());
    message.description.type = read_enum(inner, "type", kSdpTypes);
    message.description.sdp = message.description.type == SdpType::kRollback ? inner.optional_string("sdp").value_or("")
                                                                             : inner.string("sdp");
  }
  return message;
}

Candidate read_candidate(const JsonReader& reader, std::string_view peer) {
  Candidate message;
  message.peer = read_id(reader, peer);
  if (const json::object* object = reader.object("candidate")) {
    const JsonReader inner(*object, "candidate.", reader.error());
    message.candidate.candidate = inner.string("candidate");
    message.candidate.sdp_mid = inner.optional_string("sdpMid");
    if (const auto index = inner.optional_integer("sdpMLineIndex", 65535)) {
      message.candidate.sdp_mline_index = static_cast<std::uint16_t>(*index);
    }
    message.candidate.username_fragment = inner.optional_string("usernameFragment");
  }
  return message;
}

Bye read_bye(const JsonReader& reader, std::string_view peer) {
  Bye message;
  message.peer = read_id(reader, peer);
  message.reason = read_free_text(reader, "reason", kMaxReasonLength);
  return message;
}

Joined read_joined(const JsonReader& reader) {
  Joined message;
  message.version = static_cast<int>(reader.integer("version", 1'000'000));
  message.id = read_id(reader, "id");
  message.room = reader.string("room");
  message.peers = read_each(reader, "peers", read_peer);
  message.ice_servers = read_each(reader, "ice_servers", read_ice_server);
  return message;
}

PeerJoined read_peer_joined(const JsonReader& reader) {
  const json::object* object = reader.object("peer");
  return {object == nullptr ? PeerInfo{} : read_peer(JsonReader(*object, "peer.", reader.error()))};
}

ErrorMessage read_error(const JsonReader& reader) {
  ErrorMessage message;
  message.code = read_enum(reader, "code", kFaults);
  message.message = reader.string("message");
  message.field = reader.optional_string("field").value_or("");
  message.offset = reader.optional_integer("offset", kMaxExact);
  return message;
}

// ---- the whole -----------------------------------------------------------------------------------------------

ErrorMessage bad_json(const std::string& sentence, std::uint64_t offset) {
  return {Fault::kBadJson, sentence, "", offset};
}

// The object and the value of its "type".
std::variant<std::pair<json::value, std::string>, ErrorMessage> parse_object(std::string_view text) {
  json::parse_options options;
  options.max_depth = kMaxDepth;
  json::stream_parser parser({}, options);
  boost::system::error_code error;
  const std::size_t consumed = parser.write_some(text.data(), text.size(), error);
  if (error) return bad_json("not JSON: " + error.message() + " at byte " + std::to_string(consumed), consumed);
  if (!parser.done()) return bad_json("not JSON: it ends too early", text.size());
  if (consumed < text.size()) return bad_json("not JSON: something follows the object", consumed);
  json::value value = parser.release();
  if (!value.is_object()) return bad_json("a message must be a JSON object", 0);
  FieldError field;
  std::string type = JsonReader(value.get_object(), "", field).string("type");
  if (field.found()) return ErrorMessage{Fault::kBadMessage, field.message, field.field, std::nullopt};
  return std::pair(std::move(value), std::move(type));
}

ErrorMessage bad_message(const FieldError& error) {
  return {Fault::kBadMessage, error.message, error.field, std::nullopt};
}

std::optional<ClientMessage> read_client_message(std::string_view type, const JsonReader& reader) {
  if (type == "join") return read_join(reader);
  if (type == "description") return read_description(reader, "to");
  if (type == "candidate") return read_candidate(reader, "to");
  if (type == "bye") return read_bye(reader, "to");
  reader.report("type", "unknown type of message \"" + std::string(type.substr(0, 40)) + "\"");
  return std::nullopt;
}

std::optional<ServerMessage> read_server_message(std::string_view type, const JsonReader& reader) {
  if (type == "joined") return read_joined(reader);
  if (type == "peer_joined") return read_peer_joined(reader);
  if (type == "peer_left") return PeerLeft{read_id(reader, "id"), read_enum(reader, "reason", kLeaveReasons)};
  if (type == "description") return read_description(reader, "from");
  if (type == "candidate") return read_candidate(reader, "from");
  if (type == "bye") return read_bye(reader, "from");
  if (type == "error") return read_error(reader);
  if (type == "server_closing") return ServerClosing{reader.optional_string("reason").value_or("")};
  return std::nullopt;
}

}  // namespace

std::string_view to_string(Fault fault) { return name_in(kFaults, fault); }
std::string_view to_string(LeaveReason reason) { return name_in(kLeaveReasons, reason); }

std::variant<ClientMessage, ErrorMessage> parse_client_message(std::string_view text) {
  auto parsed = parse_object(text);
  if (auto* error = std::get_if<ErrorMessage>(&parsed)) return std::move(*error);
  const auto& [value, type] = *std::get_if<0>(&parsed);
  FieldError error;
  std::optional<ClientMessage> message = read_client_message(type, JsonReader(value.get_object(), "", error));
  // Another version may have other rules for the other members: say that first.
  const auto* version = value.get_object().if_contains("version");
  const auto* join = message ? std::get_if<Join>(&*message) : nullptr;
  if (join != nullptr && version != nullptr && version->is_number() && join->version != kProtocolVersion) {
    return ErrorMessage{Fault::kUnsupportedVersion, "this server speaks version 1 of the protocol", "version",
                        std::nullopt};
  }
  if (error.found()) return bad_message(error);
  return *std::move(message);
}

std::variant<std::optional<ServerMessage>, ErrorMessage> parse_server_message(std::string_view text) {
  auto parsed = parse_object(text);
  if (auto* error = std::get_if<ErrorMessage>(&parsed)) return std::move(*error);
  const auto& [value, type] = *std::get_if<0>(&parsed);
  FieldError error;
  std::optional<ServerMessage> message = read_server_message(type, JsonReader(value.get_object(), "", error));
  if (error.found()) return bad_message(error);
  return message;
}

}  // namespace tidewire::signaling
