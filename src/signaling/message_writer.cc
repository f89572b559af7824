// The JSON form of the messages (docs/signaling.md §3, §4).
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "signaling/messages.h"

namespace tidewire::signaling {
namespace {

namespace json = boost::json;

json::string_view view(std::string_view text) { return {text.data(), text.size()}; }

json::object make(const char* type) { return {{"type", type}}; }

json::object write(const PeerInfo& peer) { return {{"id", peer.id}, {"name", peer.name}}; }

json::object write(const IceServer& server) {
  json::object object{{"urls", json::array(server.urls.begin(), server.urls.end())}};
  if (!server.username.empty()) object["username"] = server.username;
  if (!server.credential.empty()) object["credential"] = server.credential;
  return object;
}

json::object write(const SessionDescription& description) {
  json::object object{{"type", view(to_string(description.type))}};
  if (description.type != SdpType::kRollback || !description.sdp.empty()) object["sdp"] = description.sdp;
  return object;
}

json::object write(const IceCandidate& candidate) {
  json::object object{{"candidate", candidate.candidate}};
  if (candidate.sdp_mid) object["sdpMid"] = *candidate.sdp_mid;
  if (candidate.sdp_mline_index) object["sdpMLineIndex"] = *candidate.sdp_mline_index;
  if (candidate.username_fragment) object["usernameFragment"] = *candidate.username_fragment;
  return object;
}

// Writes one message; `peer_member` is "to" on the way to the server and "from" on the way to a client.
struct Writer {
  const char* peer_member;

  json::object operator()(const Join& m) const {
    json::object object = make("join");
    object["version"] = m.version;
    object["room"] = m.room;
    if (!m.name.empty()) object["name"] = m.name;
    if (!m.key.empty()) object["key"] = m.key;
    return object;
  }
  json::object operator()(const Description& m) const {
    json::object object = make("description");
    object[peer_member] = m.peer;
    object["description"] = write(m.description);
    return object;
  }
  json::object operator()(const Candidate& m) const {
    json::object object = make("candidate");
    object[peer_member] = m.peer;
    object["candidate"] = write(m.candidate);
    return object;
  }
  json::object operator()(const Bye& m) const {
    json::object object = make("bye");
    object[peer_member] = m.peer;
    if (!m.reason.empty()) object["reason"] = m.reason;
    return object;
  }
  json::object operator()(const Joined& m) const {
    json::object object = make("joined");
    object["version"] = m.version;
    object["id"] = m.id;
    object["room"] = m.room;
    json::array& peers = object["peers"].emplace_array();
    for (const PeerInfo& peer : m.peers) peers.push_back(write(peer));
    json::array& servers = object["ice_servers"].emplace_array();
    for (const IceServer& server : m.ice_servers) servers.push_back(write(server));
    return object;
  }
  json::object operator()(const PeerJoined& m) const {
    json::object object = make("peer_joined");
    object["peer"] = write(m.peer);
    return object;
  }
  json::object operator()(const PeerLeft& m) const {
    json::object object = make("peer_left");
    object["id"] = m.id;
    object["reason"] = view(to_string(m.reason));
    return object;
  }
  json::object operator()(const ErrorMessage& m) const {
    json::object object = make("error");
    object["code"] = view(to_string(m.code));
    object["message"] = m.message;
    if (!m.field.empty()) object["field"] = m.field;
    if (m.offset) object["offset"] = *m.offset;
    return object;
  }
  json::object operator()(const ServerClosing& m) const {
    json::object object = make("server_closing");
    object["reason"] = m.reason;
    return object;
  }
};

}  // namespace

std::string to_json(const ClientMessage& message) { return json::serialize(std::visit(Writer{"to"}, message)); }
std::string to_json(const ServerMessage& message) { return json::serialize(std::visit(Writer{"from"}, message)); }

}  // namespace tidewire::signaling
