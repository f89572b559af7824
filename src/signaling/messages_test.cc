#include "signaling/messages.h"

#include <gmock/gmock.h>

namespace tidewire::signaling {
namespace {

ErrorMessage client_error(std::string_view text) {
  auto parsed = parse_client_message(text);
  const auto* error = std::get_if<ErrorMessage>(&parsed);
  return error != nullptr ? *error : ErrorMessage{Fault::kBadMessage, "(it was accepted)", "", std::nullopt};
}

TEST(SignalingMessages, ClientMessagesSurviveTheWayThroughJson) {
  const std::vector<ClientMessage> messages = {
      Join{1, "blue-fox", "Älice 🦊 <b>", "0123456789abcdef"},
      Join{1, "r", "", ""},
      Description{"peer", {SdpType::kOffer, "v=0\r\no=- \"quoted\" \\ \r\n"}},
      Description{"peer", {SdpType::kPranswer, "v=0\r\n"}},
      Description{"peer", {SdpType::kAnswer, "v=0\r\n"}},
      Description{"peer", {SdpType::kRollback, ""}},
      Candidate{"peer", {"candidate:1 1 udp 1 192.0.2.1 1 typ host", "0", std::uint16_t{65535}, "frag"}},
      Candidate{"peer", {"", std::nullopt, std::nullopt, std::nullopt}},
      Bye{"peer", "hung up"},
      Bye{"peer", ""},
  };
  for (const ClientMessage& message : messages) {
    const std::string text = to_json(message);
    auto parsed = parse_client_message(text);
    ASSERT_EQ(parsed.index(), 0U) << text << ": " << std::get<1>(parsed).message;
    EXPECT_EQ(std::get<0>(parsed), message) << text;
  }
}

TEST(SignalingMessages, ServerMessagesSurviveTheWayThroughJson) {
  const std::vector<ServerMessage> messages = {
      Joined{1, "id", "room", {{"a", "Ann"}, {"b", ""}}, {{{"stun:s:1", "turn:t:2"}, "u", "c"}, {{"stun:x"}, "", ""}}},
      Joined{1, "id", "room", {}, {}},
      PeerJoined{{"id", "name"}},
      PeerLeft{"id", LeaveReason::kLeft},
      PeerLeft{"id", LeaveReason::kLost},
      Description{"peer", {SdpType::kAnswer, "v=0\r\n"}},
      Candidate{"peer", {"", "audio", std::nullopt, std::nullopt}},
      Bye{"peer", ""},
      ErrorMessage{Fault::kBadJson, "no", "", 17},
      ErrorMessage{Fault::kJoinTimeout, "no", "a.b", std::nullopt},
      ServerClosing{"bye"},
  };
  for (const ServerMessage& message : messages) {
    const std::string text = to_json(message);
    auto parsed = parse_server_message(text);
    ASSERT_EQ(parsed.index(), 0U) << text << ": " << std::get<1>(parsed).message;
    EXPECT_EQ(std::get<0>(parsed), message) << text;
  }
}

TEST(SignalingMessages, RelayedMessagesSayToOnTheWayUpAndFromOnTheWayDown) {
  EXPECT_THAT(to_json(ClientMessage(Bye{"x", ""})), testing::HasSubstr(R"("to":"x")"));
  EXPECT_THAT(to_json(ServerMessage(Bye{"x", ""})), testing::HasSubstr(R"("from":"x")"));
}

TEST(SignalingMessages, EachMalformedMessageNamesItsField) {
  const std::string long_name(65, 'n');
  const struct {
    std::string text;
    Fault code;
    std::string field;
  } cases[] = {
      {R"({})", Fault::kBadMessage, "type"},
      {R"({"type": 1})", Fault::kBadMessage, "type"},
      {R"({"type": null})", Fault::kBadMessage, "type"},
      {R"({"type": "dance"})", Fault::kBadMessage, "type"},
      {R"({"type": "joined"})", Fault::kBadMessage, "type"},
      {R"({"type": "join", "room": "r"})", Fault::kBadMessage, "version"},
      {R"({"type": "join", "version": "1", "room": "r"})", Fault::kBadMessage, "version"},
      {R"({"type": "join", "version": 1.5, "room": "r"})", Fault::kUnsupportedVersion, "version"},
      {R"({"type": "join", "version": -1, "room": "r"})", Fault::kUnsupportedVersion, "version"},
      {R"({"type": "join", "version": 2, "salon": "r"})", Fault::kUnsupportedVersion, "version"},
      {R"({"type": "join", "version": 1})", Fault::kBadMessage, "room"},
      {R"({"type": "join", "version": 1, "room": ""})", Fault::kBadMessage, "room"},
      {R"({"type": "join", "version": 1, "room": "a/b"})", Fault::kBadMessage, "room"},
      {R"({"type": "join", "version": 1, "room": ["r"]})", Fault::kBadMessage, "room"},
      {R"({"type": "join", "version": 1, "room": "r", "name": 5})", Fault::kBadMessage, "name"},
      {R"({"type": "join", "version": 1, "room": "r", "name": "a\nb"})", Fault::kBadMessage, "name"},
      {R"({"type": "join", "version": 1, "room": "r", "name": "a\u0085b"})", Fault::kBadMessage, "name"},
      {R"({"type": "join", "version": 1, "room": "r", "name": ")" + long_name + "\"}", Fault::kBadMessage, "name"},
      {R"({"type": "join", "version": 1, "room": "r", "key": "short"})", Fault::kBadMessage, "key"},
      {R"({"type": "join", "version": 1, "room": "r", "key": "not a token of ours"})", Fault::kBadMessage, "key"},
      {R"({"type": "description", "description": {"type": "offer", "sdp": ""}})", Fault::kBadMessage, "to"},
      {R"({"type": "description", "to": "", "description": {"type": "offer", "sdp": ""}})", Fault::kBadMessage, "to"},
      {R"({"type": "description", "to": "x"})", Fault::kBadMessage, "description"},
      {R"({"type": "description", "to": "x", "description": "v=0"})", Fault::kBadMessage, "description"},
      {R"({"type": "description", "to": "x", "description": {"sdp": ""}})", Fault::kBadMessage, "description.type"},
      {R"({"type": "description", "to": "x", "description": {"type": "ofer", "sdp": ""}})", Fault::kBadMessage,
       "description.type"},
      {R"({"type": "description", "to": "x", "description": {"type": "offer"}})", Fault::kBadMessage,
       "description.sdp"},
      {R"({"type": "description", "to": "x", "description": {"type": "offer", "sdp": 1}})", Fault::kBadMessage,
       "description.sdp"},
      {R"({"type": "candidate", "to": "x", "candidate": null})", Fault::kBadMessage, "candidate"},
      {R"({"type": "candidate", "to": "x", "candidate": {}})", Fault::kBadMessage, "candidate.candidate"},
      {R"({"type": "candidate", "to": "x", "candidate": {"candidate": "", "sdpMid": 0}})", Fault::kBadMessage,
       "candidate.sdpMid"},
      {R"({"type": "candidate", "to": "x", "candidate": {"candidate": "", "sdpMLineIndex": 65536}})",
       Fault::kBadMessage, "candidate.sdpMLineIndex"},
      {R"({"type": "candidate", "to": "x", "candidate": {"candidate": "", "sdpMLineIndex": -1}})", Fault::kBadMessage,
       "candidate.sdpMLineIndex"},
      {R"({"type": "candidate", "to": "x", "candidate": {"candidate": "", "sdpMLineIndex": 1e99}})", Fault::kBadMessage,
       "candidate.sdpMLineIndex"},
      {R"({"type": "candidate", "to": "x", "candidate": {"candidate": "", "usernameFragment": []}})",
       Fault::kBadMessage, "candidate.usernameFragment"},
      {R"({"type": "bye"})", Fault::kBadMessage, "to"},
      {R"({"type": "bye", "to": "x", "reason": {}})", Fault::kBadMessage, "reason"},
  };
  for (const auto& c : cases) {
    const ErrorMessage error = client_error(c.text);
    EXPECT_EQ(error.code, c.code) << c.text;
    EXPECT_EQ(error.field, c.field) << c.text << ": " << error.message;
    EXPECT_FALSE(error.message.empty()) << c.text;
  }
}

TEST(SignalingMessages, WhatIsNoJsonIsToldWithItsByte) {
  const struct {
    std::string text;
    std::uint64_t offset;
  } cases[] = {
      {"", 0},
      {"hello", 0},
      {R"({"type": "join",,})", 16},
      {R"({"type": "join")", 15},
      {R"({"type": "join"} {})", 17},
      {"[1]", 0},
      {"\"join\"", 0},
      {"{\"type\": \"\xff\"}", 10},
      {R"({"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":1}}}}}}}}})", 40},
  };
  for (const auto& c : cases) {
    const ErrorMessage error = client_error(c.text);
    EXPECT_EQ(error.code, Fault::kBadJson) << c.text;
    EXPECT_EQ(error.offset, c.offset) << c.text << ": " << error.message;
  }
}

TEST(SignalingMessages, UnknownMembersAreIgnoredAndNullIsAsIfMissing) {
  auto parsed = parse_client_message(
      R"({"type": "join", "version": 1.0, "room": "r", "key": null, "name": null, "colour": {"r": 1}})");
  ASSERT_EQ(parsed.index(), 0U) << std::get<1>(parsed).message;
  EXPECT_EQ(std::get<0>(parsed), ClientMessage(Join{1, "r", "", ""}));
}

TEST(SignalingMessages, AnUnknownMessageOfTheServerIsNoError) {
  auto parsed = parse_server_message(R"({"type": "weather", "sunny": true})");
  ASSERT_EQ(parsed.index(), 0U);
  EXPECT_FALSE(std::get<0>(parsed).has_value());
}

TEST(SignalingMessages, EveryTruncationIsAnErrorAndNothingWorse) {
  const std::string text = to_json(ClientMessage(Candidate{"peer", {"candidate:1 é", "0", std::uint16_t{3}, "frag"}}));
  for (std::size_t n = 0; n < text.size(); ++n) {
    EXPECT_EQ(client_error(text.substr(0, n)).code, Fault::kBadJson) << n;
  }
}

}  // namespace
}  // namespace tidewire::signaling
