// From flags to what the STUN and TURN service is told.
#include "serve_turn.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <functional>

namespace tidewire::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }

// A host with a public address, two private ones, IPv6 and loopback; in the order in which the system tells them.
const std::vector<IpAddress> kOwn{ip("192.168.1.5"), ip("198.51.100.7"), ip("172.17.0.1"),
                                  ip("2001:db8::7"), ip("127.0.0.1"),    ip("::1")};

std::vector<std::string> texts(const std::vector<SocketAddress>& addresses) {
  std::vector<std::string> all;
  for (const SocketAddress& address : addresses) all.push_back(address.to_string());
  return all;
}

using Change = std::function<void(ServeOptions&)>;

Result<std::optional<server::TurnOptions>> result_of(const Change& change, std::span<const IpAddress> own = kOwn) {
  ServeOptions options;
  change(options);
  return turn_options(options, options.only == "turn" ? "" : "own secret", own);
}
// Of flags that make a service.
server::TurnOptions made(const Change& change, std::span<const IpAddress> own = kOwn) {
  const auto result = result_of(change, own);
  EXPECT_TRUE(result) << result.error().message;
  EXPECT_TRUE(result && *result) << "no service";
  return result && *result ? **result : server::TurnOptions{};
}
std::string error_of(const Change& change) {
  const auto result = result_of([&](ServeOptions& options) {
    options.turn.listen = {"192.0.2.1"};
    change(options);
  });
  return result ? "no error" : result.error().message;
}

TEST(ServeTurn, ServesNobodyOnLoopbackUnlessAsked) {
  const auto runs = [](const Change& change) { return result_of(change)->has_value(); };
  EXPECT_FALSE(runs([](ServeOptions&) {}));
  EXPECT_FALSE(runs([](ServeOptions& o) { o.listen = "[::1]:8080"; }));
  EXPECT_TRUE(runs([](ServeOptions& o) { o.listen = "0.0.0.0:8080"; }));
  EXPECT_TRUE(runs([](ServeOptions& o) { o.listen = "198.51.100.7:8080"; }));
  EXPECT_TRUE(runs([](ServeOptions& o) { o.turn.listen = {"127.0.0.1"}; }));
  EXPECT_TRUE(runs([](ServeOptions& o) { o.turn.users = {"alice:wonderland"}; }));
  EXPECT_TRUE(runs([](ServeOptions& o) { o.turn.secrets = {"north"}; }));
  EXPECT_FALSE(result_of([](ServeOptions& o) { o.turn.tls_certificate = "/nowhere/x.pem"; })) << "asked for, and wrong";
  EXPECT_FALSE(runs([](ServeOptions& o) { o.only = "signaling", o.listen = "0.0.0.0:8080"; }));
}

TEST(ServeTurn, ListensWhereThePageIs) {
  const auto own = made([](ServeOptions& o) { o.listen = "198.51.100.7:8080"; });
  EXPECT_THAT(texts(own.udp), ElementsAre("198.51.100.7:3478"));
  EXPECT_THAT(texts(own.tcp), ElementsAre("198.51.100.7:3478"));
  EXPECT_THAT(own.tls, IsEmpty());
  EXPECT_THAT(own.machine.shared_secrets, ElementsAre("own secret"));
  EXPECT_EQ(own.machine.relay_v4, ip("198.51.100.7"));
  EXPECT_EQ(own.machine.relay_v6, std::nullopt);
  EXPECT_THAT(texts(made([](ServeOptions& o) { o.turn.secrets = {"north"}; }).udp), ElementsAre("127.0.0.1:3478"));
}

TEST(ServeTurn, AWildcardIsEveryAddressThatThereIsThePublicOnesFirst) {
  const auto four = made([](ServeOptions& o) { o.listen = "0.0.0.0:8080"; });
  EXPECT_THAT(texts(four.udp),
              ElementsAre("198.51.100.7:3478", "192.168.1.5:3478", "172.17.0.1:3478", "127.0.0.1:3478"));
  EXPECT_EQ(four.udp, four.tcp);
  const auto all = made([](ServeOptions& o) { o.only = "turn", o.turn.secrets = {"north"}; });
  EXPECT_THAT(texts(all.udp), ElementsAre("198.51.100.7:3478", "[2001:db8::7]:3478", "192.168.1.5:3478",
                                          "172.17.0.1:3478", "127.0.0.1:3478", "[::1]:3478"));
  EXPECT_EQ(all.machine.relay_v4, ip("198.51.100.7"));
  EXPECT_EQ(all.machine.relay_v6, ip("2001:db8::7"));
  EXPECT_FALSE(result_of([](ServeOptions& o) { o.turn.listen = {"0.0.0.0"}; }, std::vector{ip("::1")}));
}

TEST(ServeTurn, UnderstandsAddressesWithAndWithoutPorts) {
  const auto options = made([](ServeOptions& o) {
    o.turn.listen = {"192.0.2.1",     "192.0.2.2:80",      "2001:db8::1",
                     "[2001:db8::2]", "[2001:db8::3]:443", "192.0.2.1:3478"};
  });
  EXPECT_THAT(texts(options.udp), ElementsAre("192.0.2.1:3478", "192.0.2.2:80", "[2001:db8::1]:3478",
                                              "[2001:db8::2]:3478", "[2001:db8::3]:443"));
}

// RFC 5780 §6
TEST(ServeTurn, OffersNatDiscoveryWithTwoAddressesThatClientsReach) {
  const auto alternate = [](const Change& change, const std::vector<IpAddress>& own = kOwn) {
    const auto options = made(change, own);
    return options.machine.alternate ? options.machine.alternate->to_string() : "none";
  };
  const auto two = made([](ServeOptions& o) { o.turn.listen = {"192.0.2.1", "192.0.2.2"}; });
  EXPECT_EQ(two.machine.alternate->to_string(), "192.0.2.2:3479");
  EXPECT_THAT(texts(two.udp), ElementsAre("192.0.2.1:3478", "192.0.2.2:3478", "192.0.2.1:3479", "192.0.2.2:3479"));
  EXPECT_EQ(two.tcp.size(), 2U);
  EXPECT_EQ(alternate([](ServeOptions& o) { o.turn.listen = {"10.0.0.1", "10.0.0.2"}; }), "10.0.0.2:3479") << "chosen";
  EXPECT_EQ(alternate([](ServeOptions& o) { o.turn.listen = {"192.0.2.1", "2001:db8::1"}; }), "none");
  EXPECT_EQ(alternate([](ServeOptions& o) { o.turn.listen = {"192.0.2.1", "127.0.0.1"}; }), "none");
  EXPECT_EQ(alternate([](ServeOptions& o) { o.turn.listen = {"192.0.2.1:0", "192.0.2.2:0"}; }), "none");
  EXPECT_EQ(alternate([](ServeOptions& o) { o.listen = "0.0.0.0:8080"; }), "none") << "a bridge of containers";
  EXPECT_EQ(alternate([](ServeOptions& o) { o.listen = "0.0.0.0:8080"; }, {ip("10.0.0.1"), ip("172.17.0.1")}), "none");
  EXPECT_EQ(alternate([](ServeOptions& o) { o.listen = "0.0.0.0:8080"; }, {ip("198.51.100.7"), ip("198.51.100.8")}),
            "198.51.100.8:3479");
  EXPECT_EQ(alternate([](ServeOptions& o) {
              o.turn.listen = {"10.0.0.1", "10.0.0.2"}, o.turn.public_ips = {"203.0.113.1"};
            }),
            "none");
}

TEST(ServeTurn, ChoosesWhatToRelayOn) {
  const auto relays = [](const Change& change) {
    const auto machine = made(change).machine;
    return (machine.relay_v4 ? machine.relay_v4->to_string() : "-") + " " +
           (machine.relay_v6 ? machine.relay_v6->to_string() : "-");
  };
  EXPECT_EQ(relays([](ServeOptions& o) { o.turn.listen = {"10.0.0.1", "127.0.0.1"}; }), "10.0.0.1 -");
  EXPECT_EQ(relays([](ServeOptions& o) { o.turn.listen = {"10.0.0.1", "[::1]"}; }), "10.0.0.1 -") << "to nowhere";
  EXPECT_EQ(relays([](ServeOptions& o) { o.turn.listen = {"127.0.0.1", "[::1]"}; }), "127.0.0.1 ::1");
  EXPECT_EQ(relays([](ServeOptions& o) {
              o.turn.listen = {"192.168.1.5", "100.101.1.2"};
            }),
            "192.168.1.5 -")
      << "a VPN";
  EXPECT_EQ(relays([](ServeOptions& o) { o.turn.listen = {"192.168.1.5", "100.1.1.2"}; }), "100.1.1.2 -");
  EXPECT_EQ(relays([](ServeOptions& o) {
              o.turn.listen = {"10.0.0.1", "2001:db8::1"}, o.turn.relay_ips = {"10.0.0.9"};
            }),
            "10.0.0.9 -");
  const auto machine = made([](ServeOptions& o) {
                         o.turn.listen = {"10.0.0.1"}, o.turn.public_ips = {"203.0.113.1"};
                         o.turn.relay_ports = "50000-50999", o.turn.max_kbps = 800;
                         o.turn.allow_peers = {"10.0.0.0/8"}, o.turn.deny_peers = {"198.51.100.0/24", "2001:db8::1"};
                         o.turn.max_allocations = 7, o.turn.max_allocations_per_user = 3, o.turn.realm = "example";
                       }).machine;
  EXPECT_EQ(machine.advertised_v4, ip("203.0.113.1"));
  EXPECT_EQ(machine.first_relay_port, 50'000);
  EXPECT_EQ(machine.last_relay_port, 50'999);
  EXPECT_EQ(machine.max_bytes_per_second, 100'000U);
  EXPECT_EQ(machine.allow.size(), 1U);
  EXPECT_EQ(machine.deny.size(), 2U);
  EXPECT_EQ(machine.max_allocations, 7U);
  EXPECT_EQ(machine.max_allocations_per_user, 3U);
  EXPECT_EQ(machine.realm, "example");
}

TEST(ServeTurn, TakesUsersAndSecrets) {
  const auto machine = made([](ServeOptions& o) {
                         o.turn.users = {"alice:wonder:land", "bob:builder"};
                         o.turn.secrets = {"north", "south"};
                       }).machine;
  ASSERT_EQ(machine.users.size(), 2U);
  EXPECT_EQ(machine.users[0].name, "alice");
  EXPECT_EQ(machine.users[0].password, "wonder:land");
  EXPECT_THAT(machine.shared_secrets, ElementsAre("north", "south"));
  // Callers of the page get credentials beside the users.
  EXPECT_THAT(made([](ServeOptions& o) { o.turn.users = {"bob:builder"}; }).machine.shared_secrets,
              ElementsAre("own secret"));
  EXPECT_THAT(made([](ServeOptions& o) { o.turn.users = {"bob:builder"}, o.only = "turn"; }).machine.shared_secrets,
              IsEmpty());
}

class ServeTurnFiles : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text) {
    const std::string path = testing::TempDir() + "tidewire_serve_" + std::to_string(getpid()) + name;
    std::ofstream(path) << text;
    paths_.push_back(path);
    return path;
  }
  ~ServeTurnFiles() override {
    for (const std::string& path : paths_) std::remove(path.c_str());
  }
  std::vector<std::string> paths_;
};

TEST_F(ServeTurnFiles, ServesTlsWhereTcpIs) {
  const std::string certificate = write("cert", "CERTIFICATE");
  const std::string key = write("key", "KEY");
  const auto usual = made([&](ServeOptions& o) {
    o.turn.listen = {"192.0.2.1", "192.0.2.1:80", "2001:db8::1"};
    o.turn.tls_certificate = certificate, o.turn.tls_key = key;
  });
  EXPECT_THAT(texts(usual.tls), ElementsAre("192.0.2.1:5349", "[2001:db8::1]:5349"));
  EXPECT_EQ(usual.certificate_pem, "CERTIFICATE\nKEY\n");
  const auto named = made([&](ServeOptions& o) {
    o.turn.listen = {"192.0.2.1"}, o.turn.tls_listen = {"192.0.2.1:443", "192.0.2.2"};
    o.turn.tls_certificate = certificate;
  });
  EXPECT_THAT(texts(named.tls), ElementsAre("192.0.2.1:443", "192.0.2.2:5349"));
  EXPECT_THAT(
      texts(made([&](ServeOptions& o) { o.turn.listen = {"127.0.0.1:0"}, o.turn.tls_certificate = certificate; }).tls),
      ElementsAre("127.0.0.1:0"));
  EXPECT_THAT(
      error_of([&](ServeOptions& o) { o.turn.listen = {"192.0.2.1:5349"}, o.turn.tls_certificate = certificate; }),
      HasSubstr("192.0.2.1:5349 is listened on twice"));
}

TEST(ServeTurn, SaysWhichFlagIsWrong) {
  struct Case {
    Change change;
    std::string says;
  };
  const std::vector<Case> cases{
      {[](ServeOptions& o) { o.turn.listen = {"nowhere"}; }, "--turn-listen: 'nowhere' is no ADDR:PORT"},
      {[](ServeOptions& o) { o.turn.listen = {"192.0.2.1:99999"}; }, "--turn-listen"},
      {[](ServeOptions& o) { o.turn.listen = {"192.0.2.1:50000"}; }, "50000"},
      {[](ServeOptions& o) { o.turn.tls_listen = {"192.0.2.1"}; }, "--tls-cert"},
      {[](ServeOptions& o) { o.turn.tls_key = "key.pem"; }, "--tls-cert"},
      {[](ServeOptions& o) { o.turn.tls_certificate = "/nowhere/x.pem"; },
       "cannot read /nowhere/x.pem, which --tls-cert"},
      {[](ServeOptions& o) { o.only = "turn"; }, "--turn-user"},
      {[](ServeOptions& o) { o.turn.users = {"alice"}; }, "NAME:PASSWORD"},
      {[](ServeOptions& o) { o.turn.users = {":x"}; }, "NAME:PASSWORD"},
      {[](ServeOptions& o) { o.turn.users = {"alice:"}; }, "NAME:PASSWORD"},
      {[](ServeOptions& o) {
         o.turn.users = {"alice:x", "alice:y"};
       },
       "'alice' is there twice"},
      {[](ServeOptions& o) { o.turn.realm = "much too long"; }, "realm"},
      {[](ServeOptions& o) { o.turn.relay_ips = {"0.0.0.0"}; }, "--relay-ip"},
      {[](ServeOptions& o) {
         o.turn.relay_ips = {"192.0.2.1", "192.0.2.2"};
       },
       "--relay-ip: one IPv4"},
      {[](ServeOptions& o) { o.turn.public_ips = {"example.org"}; }, "--public-ip"},
      {[](ServeOptions& o) { o.turn.public_ips = {"2001:db8::1"}; }, "--public-ip: nothing is relayed"},
      {[](ServeOptions& o) { o.turn.relay_ports = "50000"; }, "--relay-ports"},
      {[](ServeOptions& o) { o.turn.relay_ports = "50000-"; }, "--relay-ports"},
      {[](ServeOptions& o) { o.turn.relay_ports = "0-100"; }, "--relay-ports"},
      {[](ServeOptions& o) { o.turn.relay_ports = "50001-50000"; }, "--relay-ports"},
      {[](ServeOptions& o) { o.turn.relay_ports = "50000-70000"; }, "--relay-ports"},
      {[](ServeOptions& o) { o.turn.relay_ports = "50000-50009x"; }, "--relay-ports"},
      {[](ServeOptions& o) { o.turn.allow_peers = {"10.0.0.0/33"}; }, "--allow-peer"},
      {[](ServeOptions& o) { o.turn.deny_peers = {"all"}; }, "--deny-peer"},
  };
  for (const Case& one : cases) EXPECT_THAT(error_of(one.change), HasSubstr(one.says));
  // A password that was written in the wrong place is not shown.
  EXPECT_THAT(error_of([](ServeOptions& o) { o.turn.users = {"pa55word"}; }), testing::Not(HasSubstr("pa55word")));
}

}  // namespace
}  // namespace tidewire::app
