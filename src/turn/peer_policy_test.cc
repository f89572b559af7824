#include "turn/peer_policy.h"

#include <gtest/gtest.h>

#include "turn/server_for_test.h"

namespace tidewire::turn {
namespace {

TEST(PeerPolicy, RefusesWhateverIsNoPublicAddress) {
  const PeerPolicy policy(test_config());
  for (const char* refused : {"0.0.0.0",
                              "0.1.2.3",
                              "10.0.0.1",
                              "10.255.255.255",
                              "100.64.0.1",
                              "100.127.255.255",
                              "127.0.0.1",
                              "127.9.9.9",
                              "169.254.0.1",
                              "169.254.169.254",
                              "172.16.0.1",
                              "172.31.255.255",
                              "192.0.0.192",
                              "192.88.99.1",
                              "192.168.1.1",
                              "198.18.0.1",
                              "198.19.255.255",
                              "224.0.0.1",
                              "239.255.255.255",
                              "240.0.0.1",
                              "255.255.255.255",
                              "168.63.129.16",
                              "100.100.100.200",
                              "::",
                              "::1",
                              "fe80::1",
                              "febf::1",
                              "fec0::1",
                              "fc00::1",
                              "fd00:ec2::254",
                              "ff02::1",
                              "ff0e::1",
                              "100::1",
                              "2001:2::1",
                              "64:ff9b:1::8.8.8.8"}) {
    EXPECT_FALSE(policy.allows(ip(refused))) << refused;
  }
  for (const char* allowed : {"8.8.8.8",         "1.1.1.1",     "9.255.255.255",        "11.0.0.1",
                              "100.63.255.255",  "100.128.0.1", "126.255.255.255",      "128.0.0.1",
                              "169.253.0.1",     "169.255.0.1", "172.15.255.255",       "172.32.0.1",
                              "192.167.0.1",     "192.169.0.1", "198.17.0.1",           "198.20.0.1",
                              "223.255.255.255", "203.0.113.9", "2001:4860:4860::8888", "2606:4700::1111",
                              "2001:db8::9"}) {
    EXPECT_TRUE(policy.allows(ip(allowed))) << allowed;
  }
}

TEST(PeerPolicy, SeesTheIpv4AddressInsideAnIpv6One) {
  const PeerPolicy policy(test_config());
  for (const char* refused :
       {"::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:8.8.8.8", "::127.0.0.1", "::10.0.0.1",
        "::ffff:0:10.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::169.254.169.254",
        "64:ff9b::192.0.2.1", "2002:7f00:1::1", "2002:a00:1::1", "2002:a9fe:a9fe::1", "2002:c0a8:101::1",
        // Teredo: server 10.0.0.1; then client 10.0.0.1 with its bits turned.
        "2001:0:a00:1::1", "2001:0:808:808::f5ff:fffe",
        // ISATAP
        "2001:db8::5efe:10.0.0.1", "2001:db8::200:5efe:127.0.0.1"}) {
    EXPECT_FALSE(policy.allows(ip(refused))) << refused;
  }
  for (const char* allowed : {"64:ff9b::8.8.8.8", "2002:808:808::1", "2001:0:808:808::f7f7:f7f7"}) {
    EXPECT_TRUE(policy.allows(ip(allowed))) << allowed;
  }
}

TEST(PeerPolicy, RefusesTheServersOwnAddressesWhereNoRelayIs) {
  ServerConfig config = test_config();
  config.relay_v4 = ip("192.0.2.2");
  config.alternate = address("192.0.2.9:3479");
  const PeerPolicy policy(config);
  for (const char* own : {"192.0.2.1", "192.0.2.9", "64:ff9b::192.0.2.2", "64:ff9b::192.0.2.1", "2002:c000:202::1"}) {
    EXPECT_FALSE(policy.allows(ip(own))) << own;
  }
  EXPECT_TRUE(policy.allows(ip("192.0.2.3")));
}

TEST(PeerPolicy, AllowsItsOwnGlobalRelaysWithPortsOfTheRange) {
  ServerConfig config = test_config();
  config.advertised_v4 = ip("203.0.113.99");
  const PeerPolicy policy(config);
  for (const char* own : {"192.0.2.1", "203.0.113.99", "2001:db8::1"}) {
    EXPECT_TRUE(policy.allows(ip(own))) << own;
    for (const auto& [port, allowed] :
         {std::pair{49152, true}, {60000, true}, {65535, true}, {49151, false}, {3478, false}, {53, false}}) {
      const SocketAddress peer{ip(own), static_cast<std::uint16_t>(port)};
      EXPECT_EQ(policy.allows_port(peer), allowed) << port;
      EXPECT_EQ(policy.allows_permission(peer), allowed) << port;
    }
    EXPECT_FALSE(policy.allows_port({ip(own), 0})) << own;
    EXPECT_TRUE(policy.allows_permission({ip(own), 0})) << own;
  }
  EXPECT_TRUE(policy.allows_permission(address("198.51.100.7:53")));
}

TEST(PeerPolicy, RefusesItsOwnRelaysThatAreNotGlobal) {
  for (const char* own : {"127.0.0.1", "10.0.0.1", "169.254.0.5", "100.64.0.1"}) {
    ServerConfig config = test_config();
    config.relay_v4 = ip(own);
    EXPECT_FALSE(PeerPolicy(config).allows(ip(own))) << own;
    EXPECT_FALSE(PeerPolicy(config).allows_permission({ip(own), 50000})) << own;
    config.allow = {*Cidr::parse(own)};
    EXPECT_TRUE(PeerPolicy(config).allows_permission({ip(own), 50000})) << own;
    EXPECT_TRUE(PeerPolicy(config).allows_port({ip(own), 4000})) << "an allow list is taken at its word";
    config.deny = {*Cidr::parse(own)};
    EXPECT_FALSE(PeerPolicy(config).allows(ip(own))) << own;
  }
}

TEST(PeerPolicy, AnAllowedRangeOpensWhatIsRefusedByItself) {
  ServerConfig config = test_config();
  config.allow = {*Cidr::parse("10.1.0.0/16"), *Cidr::parse("192.0.2.1"), *Cidr::parse("fd00::/8")};
  const PeerPolicy policy(config);
  EXPECT_TRUE(policy.allows(ip("10.1.2.3")));
  EXPECT_FALSE(policy.allows(ip("10.2.2.3")));
  EXPECT_TRUE(policy.allows(ip("192.0.2.1")));
  EXPECT_TRUE(policy.allows(ip("fd12::1")));
  // Not in another shape.
  EXPECT_FALSE(policy.allows(ip("::ffff:10.1.2.3")));
  EXPECT_FALSE(policy.allows(ip("64:ff9b::10.1.2.3")));
}

TEST(PeerPolicy, ADeniedRangeGoesBeforeAnAllowedOneInEveryShape) {
  ServerConfig config = test_config();
  config.allow = {*Cidr::parse("0.0.0.0/0"), *Cidr::parse("::/0")};
  config.deny = {*Cidr::parse("203.0.113.0/24"), *Cidr::parse("2001:db8:1::/48")};
  const PeerPolicy policy(config);
  for (const char* denied : {"203.0.113.1", "2001:db8:1::1", "::ffff:203.0.113.1", "64:ff9b::203.0.113.1"}) {
    EXPECT_FALSE(policy.allows(ip(denied))) << denied;
  }
  for (const char* allowed : {"127.0.0.1", "10.0.0.1", "::1", "2001:db8:2::1"}) {
    EXPECT_TRUE(policy.allows(ip(allowed))) << allowed;
  }
}

TEST(PeerPolicy, NeverLetsDataGoToTheListeningSockets) {
  ServerConfig config = test_config();
  config.allow = {*Cidr::parse("0.0.0.0/0")};
  config.alternate = address("192.0.2.9:3479");
  const PeerPolicy policy(config);
  for (const char* listening :
       {"192.0.2.1:3478", "192.0.2.9:3479", "192.0.2.1:3479", "192.0.2.9:3478", "[::ffff:192.0.2.1]:3478"}) {
    EXPECT_FALSE(policy.allows_port(address(listening))) << listening;
  }
  EXPECT_TRUE(policy.allows_port(address("192.0.2.1:50000")));  // another client's relayed port
  EXPECT_FALSE(policy.allows_port(address("8.8.8.8:0")));
}

TEST(PeerPolicy, AWildcardListenerIsEveryAddressOfTheServer) {
  ServerConfig config = test_config();
  config.listen = {address("0.0.0.0:3478")};
  config.allow = {*Cidr::parse("0.0.0.0/0")};
  const PeerPolicy policy(config);
  EXPECT_FALSE(policy.allows_port(address("192.0.2.1:3478")));
  EXPECT_FALSE(policy.allows_port(address("127.0.0.1:3478")));
  EXPECT_TRUE(policy.allows_port(address("8.8.8.8:3478")));
}

TEST(Cidr, IsReadFromText) {
  EXPECT_TRUE(Cidr::parse("10.0.0.0/8")->contains(ip("10.9.9.9")));
  EXPECT_FALSE(Cidr::parse("10.0.0.0/8")->contains(ip("11.0.0.0")));
  EXPECT_TRUE(Cidr::parse("10.0.0.128/25")->contains(ip("10.0.0.200")));
  EXPECT_FALSE(Cidr::parse("10.0.0.128/25")->contains(ip("10.0.0.127")));
  EXPECT_TRUE(Cidr::parse("0.0.0.0/0")->contains(ip("255.1.2.3")));
  EXPECT_FALSE(Cidr::parse("0.0.0.0/0")->contains(ip("::1")));
  EXPECT_TRUE(Cidr::parse("2001:db8::1")->contains(ip("2001:db8::1")));
  EXPECT_FALSE(Cidr::parse("2001:db8::1")->contains(ip("2001:db8::2")));
  for (const char* bad :
       {"", "/8", "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0.0/8x", "10.0.0/8", "a/8", "10.0.0.0/-1"}) {
    EXPECT_FALSE(Cidr::parse(bad)) << bad;
  }
}

}  // namespace
}  // namespace tidewire::turn
