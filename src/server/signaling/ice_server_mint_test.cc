#include "server/signaling/ice_server_mint.h"

#include <gmock/gmock.h>

#include "io/ice_url.h"
#include "turn/credentials.h"

namespace tidewire::server {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr UnixTime kNow{1'700'000'000s};

OwnTurn own_turn() {
  OwnTurn own;
  own.secret = "north";
  own.tls_port = 5349;
  return own;
}

TEST(HostOf, TakesWhatABrowserSends) {
  const struct {
    std::string_view authority;
    std::string_view host;
  } cases[] = {
      {"example.org", "example.org"},
      {"Example.ORG:8080", "example.org"},
      {"localhost:8080", "localhost"},
      {"xn--bcher-kva.example", "xn--bcher-kva.example"},
      {"4.example", "4.example"},
      {"3f2a9c", "3f2a9c"},
      {"192.0.2.7:80", "192.0.2.7"},
      {"[2001:DB8::1]:8080", "[2001:db8::1]"},
      {"[::1]", "[::1]"},
      {"example.org:", "example.org"},
  };
  for (const auto& c : cases) EXPECT_EQ(host_of(c.authority), c.host) << c.authority;
}

TEST(HostOf, RefusesWhatIsNoHost) {
  const std::string long_label = std::string(64, 'a') + ".example";
  std::string long_name = "a";
  while (long_name.size() <= 253) long_name += ".a";
  const std::string_view cases[] = {"",
                                    ":80",
                                    "a b",
                                    "a\r\nX: y",
                                    "a?transport=udp",
                                    "user@example.org",
                                    "evil\",\"urls",
                                    "-a.example",
                                    "a-.example",
                                    "a..b",
                                    "example.org.",
                                    "under_score",
                                    "1.2.3",
                                    "1.2.3.256",
                                    "2130706433",
                                    "1.0x7f",
                                    "0.0.0.0",
                                    "224.0.0.1",
                                    "[::]",
                                    "[ff02::1]",
                                    "[192.0.2.7]",
                                    "2001:db8::1",
                                    "[2001:db8::1",
                                    "[2001:db8::1]x",
                                    "[fe80::1%25eth0]",
                                    "example.org:99999",
                                    "example.org:0",
                                    "example.org:8o",
                                    "b\xC3\xBC.example",
                                    std::string_view("a\0b", 3),
                                    long_label,
                                    long_name};
  for (const std::string_view authority : cases) {
    EXPECT_EQ(host_of(authority), std::nullopt) << authority;
  }
}

TEST(IceServerMint, TellsEveryWayToTheServerThatTheClientAlreadyReached) {
  const auto servers = mint_ice_servers(own_turn(), "Tide.example:8443", "u", kNow);
  ASSERT_THAT(servers, SizeIs(2));
  EXPECT_EQ(servers[0], (IceServer{{"stun:tide.example:3478"}, "", ""}));
  EXPECT_THAT(servers[1].urls,
              ElementsAre("turn:tide.example:3478?transport=udp", "turn:tide.example:3478?transport=tcp",
                          "turns:tide.example:5349?transport=tcp"));
  EXPECT_EQ(servers[1].username, "1700043200:u") << "twelve hours later";
  EXPECT_EQ(servers[1].credential, turn::time_limited_password("north", "1700043200:u"));
}

TEST(IceServerMint, EveryUrlIsOneThatOurOwnClientReads) {
  for (const std::string_view called : {"tide.example", "192.0.2.7:80", "[2001:db8::1]:80"}) {
    for (const IceServer& server : mint_ice_servers(own_turn(), called, "u", kNow)) {
      for (const std::string& url : server.urls) {
        const auto parsed = io::parse_ice_url(url);
        ASSERT_TRUE(parsed) << parsed.error().message;
        EXPECT_EQ("[" + parsed->host + "]" == host_of(called) || parsed->host == host_of(called), true) << url;
      }
    }
  }
}

TEST(IceServerMint, TheOwnersHostGoesBeforeTheClients) {
  OwnTurn own = own_turn();
  for (const std::string_view host : {"relay.example", "2001:db8::7", "[2001:db8::7]", "198.51.100.3"}) {
    own.host = host;
    const auto servers = mint_ice_servers(own, "tide.example", "u", kNow);
    ASSERT_THAT(servers, SizeIs(2)) << host;
    EXPECT_THAT(servers[0].urls.front(), testing::HasSubstr(host));
  }
}

TEST(IceServerMint, AHostThatIsNoneIsToldToNobody) {
  EXPECT_THAT(mint_ice_servers(own_turn(), "", "u", kNow), IsEmpty());
  EXPECT_THAT(mint_ice_servers(own_turn(), "x\"}], \"evil\": [{", "u", kNow), IsEmpty());
}

TEST(IceServerMint, WithoutASecretThereIsStunOnly) {
  OwnTurn own = own_turn();
  own.secret.clear();
  EXPECT_THAT(mint_ice_servers(own, "tide.example", "u", kNow),
              ElementsAre(IceServer{{"stun:tide.example:3478"}, "", ""}));
}

TEST(IceServerMint, APeersUserIsAlwaysTheSameAndSaysNothingAboutIt) {
  const OwnTurn own = own_turn();
  EXPECT_EQ(turn_user(own, "9f0c"), turn_user(own, "9f0c"));
  EXPECT_NE(turn_user(own, "9f0c"), turn_user(own, "9f0d"));
  OwnTurn other = own;
  other.secret = "south";
  EXPECT_NE(turn_user(own, "9f0c"), turn_user(other, "9f0c")) << "who has not got the secret cannot compute it";
  EXPECT_THAT(turn_user(own, "9f0c"), testing::MatchesRegex("[0-9a-f]{20}"));
}

TEST(IceServersJson, HasTheShapeThatAPageTakes) {
  const IceServer servers[] = {{{"stun:a:1"}, "", ""},
                               {{"turn:a:1?transport=udp", "turn:a:1?transport=tcp"}, "5:u", "p/w="}};
  EXPECT_EQ(ice_servers_json(servers),
            R"([{"urls":["stun:a:1"]},{"urls":["turn:a:1?transport=udp","turn:a:1?transport=tcp"],)"
            R"("username":"5:u","credential":"p/w="}])");
  EXPECT_EQ(ice_servers_json({}), "[]");
}

}  // namespace
}  // namespace tidewire::server
