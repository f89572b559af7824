#include "io/ice_url.h"

#include <gtest/gtest.h>

namespace tidewire::io {
namespace {

using Scheme = IceUrl::Scheme;
using Transport = IceUrl::Transport;

TEST(IceUrl, IsRead) {
  struct Case {
    const char* text;
    IceUrl url;
    const char* whole;
  };
  for (const auto& [text, url, whole] : {
           Case{"stun:a.example", {Scheme::kStun, "a.example", 3478, Transport::kUdp}, "stun:a.example:3478"},
           Case{"stun:192.0.2.1:19302", {Scheme::kStun, "192.0.2.1", 19302, Transport::kUdp}, "stun:192.0.2.1:19302"},
           Case{"STUNS:a", {Scheme::kStuns, "a", 5349, Transport::kTcp}, "stuns:a:5349"},
           Case{"stuns:[2001:db8::1]:443",
                {Scheme::kStuns, "2001:db8::1", 443, Transport::kTcp},
                "stuns:[2001:db8::1]:443"},
           Case{"turn:[::1]", {Scheme::kTurn, "::1", 3478, Transport::kUdp}, "turn:[::1]:3478?transport=udp"},
           Case{"turn:t_1.example?transport=udp",
                {Scheme::kTurn, "t_1.example", 3478, Transport::kUdp},
                "turn:t_1.example:3478?transport=udp"},
           Case{"turn:t:1?transport=TCP", {Scheme::kTurn, "t", 1, Transport::kTcp}, "turn:t:1?transport=tcp"},
           Case{"turns:t", {Scheme::kTurns, "t", 5349, Transport::kTcp}, "turns:t:5349?transport=tcp"},
           Case{"turns:t:443?transport=tcp", {Scheme::kTurns, "t", 443, Transport::kTcp}, "turns:t:443?transport=tcp"},
       }) {
    const auto parsed = parse_ice_url(text);
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ(*parsed, url) << text;
    EXPECT_EQ(parsed->to_string(), whole);
    EXPECT_EQ(*parse_ice_url(whole), url) << text;
  }
}

TEST(IceUrl, SaysWhatIsWrong) {
  struct Case {
    const char* text;
    const char* hint;
  };
  for (const auto& [text, hint] : {
           Case{"", "begins with"},
           Case{"stun", "begins with"},
           Case{"http://a", "begins with"},
           Case{"turnss:a", "begins with"},
           Case{"stun://a", "without //"},
           Case{"stun:", "names no host"},
           Case{"turn:?transport=udp", "names no host"},
           Case{"stun:user@a", "names no host"},
           Case{"stun:a b", "names no host"},
           Case{"stun:a/b", "names no host"},
           Case{"stun:2001:db8::1", "brackets"},
           Case{"stun:[192.0.2.1]", "brackets"},
           Case{"stun:[::1", "brackets"},
           Case{"stun:[]", "brackets"},
           Case{"stun:a:", "port"},
           Case{"stun:a:0", "port"},
           Case{"stun:a:65536", "port"},
           Case{"stun:a:+1", "port"},
           Case{"stun:[::1]3478", "port"},
           Case{"stun:a?transport=udp", "only turn"},
           Case{"turn:a?", "transport=udp or"},
           Case{"turn:a?transport=sctp", "transport=udp or"},
           Case{"turn:a?transport=udp&x=1", "transport=udp or"},
       }) {
    const auto parsed = parse_ice_url(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kSyntax) << text;
    EXPECT_NE(parsed.error().message.find("'" + std::string(text) + "'"), std::string::npos) << parsed.error().message;
    EXPECT_NE(parsed.error().message.find(hint), std::string::npos) << parsed.error().message;
  }
  EXPECT_FALSE(parse_ice_url("stun:" + std::string(IceUrl::kMaxHostLength + 1, 'a')));
  EXPECT_TRUE(parse_ice_url("stun:" + std::string(IceUrl::kMaxHostLength, 'a')));
}

TEST(IceUrl, KnowsNoTurnOverDtls) {
  const auto parsed = parse_ice_url("turns:a?transport=udp");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, ErrorCode::kNotSupported);
}

}  // namespace
}  // namespace tidewire::io
