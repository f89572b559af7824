#include "sim/firewall.h"

#include <gtest/gtest.h>

#include "sim/box_for_test.h"

namespace tidewire::sim {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp kStart{1h};
const SocketAddress kLocal = address("10.0.0.2:1000");

SocketAddress remote(std::uint16_t port) { return {ip("198.51.100.1"), port}; }

struct Case {
  const char* name;
  FirewallConfig config;
  bool udp_3478_out, udp_5000_out, tcp_443_out, tcp_80_out, tcp_3478_out, udp_in, tcp_in;
};

class Kinds : public testing::TestWithParam<Case> {};

TEST_P(Kinds, LetThroughWhatTheyAreNamedAfter) {
  const Case& c = GetParam();
  Firewall firewall(c.config);
  using enum Protocol;
  // First from outside, as what leaves makes a way in.
  EXPECT_EQ(firewall.lets_in(kUdp, kLocal, remote(7), kStart), c.udp_in);
  EXPECT_EQ(firewall.lets_in(kTcp, kLocal, remote(7), kStart), c.tcp_in);
  EXPECT_EQ(firewall.lets_out(kUdp, kLocal, remote(3478), kStart), c.udp_3478_out);
  EXPECT_EQ(firewall.lets_out(kUdp, kLocal, remote(5000), kStart), c.udp_5000_out);
  EXPECT_EQ(firewall.lets_out(kTcp, kLocal, remote(443), kStart), c.tcp_443_out);
  EXPECT_EQ(firewall.lets_out(kTcp, kLocal, remote(80), kStart), c.tcp_80_out);
  EXPECT_EQ(firewall.lets_out(kTcp, kLocal, remote(3478), kStart), c.tcp_3478_out);
}

INSTANTIATE_TEST_SUITE_P(
    Firewall, Kinds,
    testing::Values(
        Case{"Open", FirewallConfig::open(), true, true, true, true, true, true, true},
        Case{"AnswersOnly", FirewallConfig::answers_only(), true, true, true, true, true, false, false},
        Case{"WithoutUdp", FirewallConfig::without_udp(), false, false, true, true, true, false, true},
        Case{"TcpOutboundOnly", FirewallConfig::tcp_outbound_only(), false, false, true, true, true, false, false},
        Case{"WebOnly", FirewallConfig::web_only(), false, false, true, true, false, false, false},
        Case{"UdpOnlyTo3478", FirewallConfig::udp_only_to(3478), true, false, true, true, true, false, false}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST(Firewall, LetsInAnswersOfTheVeryAddressForAWhile) {
  Firewall firewall(FirewallConfig::answers_only());
  EXPECT_TRUE(firewall.lets_out(Protocol::kUdp, kLocal, remote(5000), kStart));
  EXPECT_TRUE(firewall.lets_in(Protocol::kUdp, kLocal, remote(5000), kStart + 1min));
  EXPECT_FALSE(firewall.lets_in(Protocol::kUdp, kLocal, remote(5001), kStart + 1min));
  EXPECT_FALSE(firewall.lets_in(Protocol::kTcp, kLocal, remote(5000), kStart + 1min));
  EXPECT_TRUE(firewall.lets_in(Protocol::kUdp, kLocal, remote(5000), kStart + 3min)) << "refreshed";
  EXPECT_FALSE(firewall.lets_in(Protocol::kUdp, kLocal, remote(5000), kStart + 6min));
}

TEST(Firewall, LetsOutAnswersToWhatCameIn) {
  Firewall firewall({.outbound = std::vector<FirewallRule>{}});
  EXPECT_FALSE(firewall.lets_out(Protocol::kUdp, kLocal, remote(5000), kStart));
  EXPECT_TRUE(firewall.lets_in(Protocol::kUdp, kLocal, remote(5000), kStart));
  EXPECT_TRUE(firewall.lets_out(Protocol::kUdp, kLocal, remote(5000), kStart));
}

TEST(Firewall, StandsBeforeAHostOrANat) {
  World world;
  const HostId guarded = world.add("198.51.100.2", std::nullopt, FirewallConfig::answers_only());
  const NatId nat = world.network.add_nat({.filtering = NatBehaviour::kEndpointIndependent,
                                           .external = ip("203.0.113.1"),
                                           .firewall = FirewallConfig::udp_only_to(3478)});
  const HostId inside = world.add("10.0.0.2", nat);
  const HostId other = world.add("198.51.100.3");
  EXPECT_FALSE(world.source_seen(other, "198.51.100.3:1", guarded, address("198.51.100.2:2")));
  EXPECT_TRUE(world.source_seen(guarded, "198.51.100.2:2", other, address("198.51.100.3:1")));
  EXPECT_TRUE(world.source_seen(other, "198.51.100.3:1", guarded, address("198.51.100.2:2")));

  EXPECT_FALSE(world.source_seen(inside, "10.0.0.2:1", other, address("198.51.100.3:5000")));
  const auto seen = world.source_seen(inside, "10.0.0.2:1", other, address("198.51.100.3:3478"));
  ASSERT_TRUE(seen);
  EXPECT_TRUE(world.source_seen(other, "198.51.100.3:3478", inside, *seen));
  // The NAT would let it in, the firewall does not.
  EXPECT_FALSE(world.source_seen(other, "198.51.100.3:5000", inside, *seen));
  world.network.nat_firewall(nat).config() = FirewallConfig::open();
  EXPECT_TRUE(world.source_seen(other, "198.51.100.3:5000", inside, *seen));
}

}  // namespace
}  // namespace tidewire::sim
