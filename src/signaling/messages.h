// The messages of the signaling protocol (docs/signaling.md) as values, and their JSON form.
//
// Parsing is strict about what it knows (a wrong type or a value out of bounds names the field) and ignores
// members it does not know, so that a later version can add some.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "signaling/limits.h"
#include "tidewire/configuration.h"
#include "tidewire/session_description.h"

namespace tidewire::signaling {

// ---- what travels inside -------------------------------------------------------------------------------------

struct PeerInfo {
  std::string id;
  std::string name;  // free text, may be empty; never markup
  friend bool operator==(const PeerInfo&, const PeerInfo&) = default;
};

// What the API speaks of travels as it is.
using tidewire::IceServer;
using tidewire::SdpType;
using tidewire::SessionDescription;
// An empty candidate says that there are no more.
using IceCandidate = tidewire::IceCandidateInit;

// ---- client to server ----------------------------------------------------------------------------------------

struct Join {
  int version = kProtocolVersion;
  std::string room;
  std::string name;
  std::string key;  // empty: the server makes an id that does not outlive the connection
  friend bool operator==(const Join&, const Join&) = default;
};

// ---- relayed: `peer` is "to" on the way to the server and "from" on the way to the other client -----------------

struct Description {
  std::string peer;
  SessionDescription description;
  friend bool operator==(const Description&, const Description&) = default;
};

struct Candidate {
  std::string peer;
  IceCandidate candidate;
  friend bool operator==(const Candidate&, const Candidate&) = default;
};

struct Bye {
  std::string peer;
  std::string reason;
  friend bool operator==(const Bye&, const Bye&) = default;
};

// ---- server to client ----------------------------------------------------------------------------------------

struct Joined {
  int version = kProtocolVersion;
  std::string id;
  std::string room;
  std::vector<PeerInfo> peers;  // who was there before
  std::vector<IceServer> ice_servers;
  friend bool operator==(const Joined&, const Joined&) = default;
};

struct PeerJoined {
  PeerInfo peer;
  friend bool operator==(const PeerJoined&, const PeerJoined&) = default;
};

enum class LeaveReason {
  kLeft,  // it closed its connection in good order
  kLost,  // its connection broke or went silent; a call with it may still be alive
};
std::string_view to_string(LeaveReason reason);

struct PeerLeft {
  std::string id;
  LeaveReason reason = LeaveReason::kLeft;
  friend bool operator==(const PeerLeft&, const PeerLeft&) = default;
};

enum class Fault {
  kBadJson,             // no JSON; `offset` says where it stops being
  kBadMessage,          // `field` is missing, of the wrong type, or out of bounds
  kUnsupportedVersion,  // ends the connection
  kNotJoined,           // something else came before `join`
  kAlreadyJoined,
  kNoSuchPeer,   // `to` names nobody in the room
  kRoomFull,     // ends the connection
  kServerFull,   // ends the connection
  kTooLarge,     // a message over kMaxMessageSize; ends the connection
  kRateLimited,  // ends the connection
  kTooSlow,      // does not read what it is sent; ends the connection
  kReplaced,     // the same key joined again over another connection; ends this one
  kJoinTimeout,  // no `join` in time; ends the connection
};
std::string_view to_string(Fault fault);

struct ErrorMessage {
  Fault code = Fault::kBadMessage;
  std::string message;                  // one sentence for a person
  std::string field;                    // e.g. "candidate.sdpMLineIndex", else empty
  std::optional<std::uint64_t> offset;  // of the first byte that is wrong, with kBadJson
  friend bool operator==(const ErrorMessage&, const ErrorMessage&) = default;
};

struct ServerClosing {
  std::string reason;
  friend bool operator==(const ServerClosing&, const ServerClosing&) = default;
};

// ---- codec ---------------------------------------------------------------------------------------------------

using ClientMessage = std::variant<Join, Description, Candidate, Bye>;
using ServerMessage =
    std::variant<Joined, PeerJoined, PeerLeft, Description, Candidate, Bye, ErrorMessage, ServerClosing>;

// The error is what a server would answer.
std::variant<ClientMessage, ErrorMessage> parse_client_message(std::string_view text);
// The optional is empty for a type of message that this version does not know: ignore it.
std::variant<std::optional<ServerMessage>, ErrorMessage> parse_server_message(std::string_view text);

std::string to_json(const ClientMessage& message);
std::string to_json(const ServerMessage& message);

}  // namespace tidewire::signaling
