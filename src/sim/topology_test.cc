// NATs, and NATs behind NATs, in the network: who sees whom, and from where.
#include <gtest/gtest.h>

#include "sim/box_for_test.h"

namespace tidewire::sim {
namespace {

using namespace std::chrono_literals;

const SocketAddress kServer = address("198.51.100.1:3478");

TEST(BehindANat, OnlyAnswersComeBack) {
  World world;
  const NatId nat = world.network.add_nat({.external = ip("203.0.113.1")});
  const HostId inside = world.add("10.0.0.2", nat);
  const HostId outside = world.add("198.51.100.2");
  const auto seen = world.source_seen(inside, "10.0.0.2:1000", outside, address("198.51.100.2:2000"));
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->ip, ip("203.0.113.1"));
  EXPECT_EQ(world.source_seen(outside, "198.51.100.2:2000", inside, *seen), address("198.51.100.2:2000"));
  EXPECT_EQ(world.box(inside).received[0].local, address("10.0.0.2:1000"));
  EXPECT_FALSE(world.source_seen(outside, "198.51.100.2:2001", inside, *seen)) << "from a port never sent to";
  EXPECT_FALSE(world.source_seen(outside, "198.51.100.2:2000", inside, address("10.0.0.2:1000")));
}

TEST(BehindANat, NeighboursMeetWithoutIt) {
  World world;
  const NatId nat = world.network.add_nat({.external = ip("203.0.113.1")});
  const HostId a = world.add("10.0.0.2", nat);
  const HostId b = world.add("10.0.0.3", nat);
  EXPECT_EQ(world.source_seen(a, "10.0.0.2:1000", b, address("10.0.0.3:2000")), address("10.0.0.2:1000"));
}

// RFC 4787 §6, REQ-9: with the external source address and port.
TEST(BehindANat, HairpinsFromTheExternalAddressWhenItDoesSo) {
  for (const bool hairpinning : {true, false}) {
    World world;
    const NatId nat = world.network.add_nat({.external = ip("203.0.113.1"), .hairpinning = hairpinning});
    const HostId a = world.add("10.0.0.2", nat);
    const HostId b = world.add("10.0.0.3", nat);
    const HostId server = world.add("198.51.100.1");
    const auto a_outside = world.source_seen(a, "10.0.0.2:1000", server, kServer);
    const auto b_outside = world.source_seen(b, "10.0.0.3:1000", server, kServer);
    ASSERT_TRUE(a_outside && b_outside);
    EXPECT_FALSE(world.source_seen(a, "10.0.0.2:1000", b, *b_outside)) << "b has not sent to a: filtered";
    const auto seen = world.source_seen(b, "10.0.0.3:1000", a, *a_outside);
    EXPECT_EQ(seen, hairpinning ? b_outside : std::nullopt);
  }
}

TEST(BehindANat, ARebootWithAnotherAddressMovesTheHostsBehindIt) {
  World world;
  const NatId nat = world.network.add_nat({.external = ip("203.0.113.1")});
  const HostId inside = world.add("10.0.0.2", nat);
  const HostId server = world.add("198.51.100.1");
  const auto before = world.source_seen(inside, "10.0.0.2:1000", server, kServer);
  world.network.rebind(nat, ip("203.0.113.9"));
  EXPECT_FALSE(world.source_seen(server, "198.51.100.1:3478", inside, *before));
  const auto after = world.source_seen(inside, "10.0.0.2:1000", server, kServer);
  ASSERT_TRUE(after);
  EXPECT_EQ(after->ip, ip("203.0.113.9"));
  EXPECT_TRUE(world.source_seen(server, "198.51.100.1:3478", inside, *after));
}

// Two customers of one provider, each with a home router of its own.
struct CarrierGrade {
  explicit CarrierGrade(bool hairpinning = true)
      : carrier(world.network.add_nat({.external = ip("203.0.113.1"), .hairpinning = hairpinning})),
        home_a(world.network.add_nat({.external = ip("100.64.0.1"), .behind = carrier})),
        home_b(world.network.add_nat({.external = ip("100.64.0.2"), .behind = carrier})),
        a(world.add("192.168.1.2", home_a)),
        b(world.add("192.168.1.2", home_b)),
        server(world.add("198.51.100.1")),
        a_outside(world.source_seen(a, "192.168.1.2:1000", server, kServer)),
        b_outside(world.source_seen(b, "192.168.1.2:1000", server, kServer)) {}

  World world;
  NatId carrier, home_a, home_b;
  HostId a, b, server;
  std::optional<SocketAddress> a_outside, b_outside;
};

TEST(BehindTwoNats, TheWorldSeesTheOutermost) {
  CarrierGrade net;
  ASSERT_TRUE(net.a_outside && net.b_outside);
  EXPECT_EQ(net.a_outside->ip, ip("203.0.113.1"));
  EXPECT_EQ(net.b_outside->ip, ip("203.0.113.1"));
  EXPECT_NE(*net.a_outside, *net.b_outside);
  EXPECT_TRUE(net.world.source_seen(net.server, "198.51.100.1:3478", net.a, *net.a_outside));
}

TEST(BehindTwoNats, CustomersOfOneProviderMeetByHairpinningInItsNat) {
  CarrierGrade net;
  EXPECT_FALSE(net.world.source_seen(net.a, "192.168.1.2:1000", net.b, *net.b_outside));
  EXPECT_EQ(net.world.source_seen(net.b, "192.168.1.2:1000", net.a, *net.a_outside), net.b_outside);
  EXPECT_EQ(net.world.source_seen(net.a, "192.168.1.2:1000", net.b, *net.b_outside), net.a_outside);

  CarrierGrade without(false);
  EXPECT_FALSE(without.world.source_seen(without.a, "192.168.1.2:1000", without.b, *without.b_outside));
  EXPECT_FALSE(without.world.source_seen(without.b, "192.168.1.2:1000", without.a, *without.a_outside));
}

TEST(BehindTwoNats, CustomersOfOneProviderMeetInItsNetworkWithoutHairpinning) {
  CarrierGrade net(false);
  // What a STUN server inside the provider's network would tell.
  const HostId inner = net.world.add("100.64.0.9", net.carrier);
  const auto a = net.world.source_seen(net.a, "192.168.1.2:1000", inner, address("100.64.0.9:3478"));
  const auto b = net.world.source_seen(net.b, "192.168.1.2:1000", inner, address("100.64.0.9:3478"));
  ASSERT_TRUE(a && b);
  EXPECT_EQ(a->ip, ip("100.64.0.1"));
  EXPECT_FALSE(net.world.source_seen(net.a, "192.168.1.2:1000", net.b, *b));
  EXPECT_EQ(net.world.source_seen(net.b, "192.168.1.2:1000", net.a, *a), b);
}

HostConfig dual_stack(const char* v4, const char* v6, std::optional<NatId> nat) {
  return {v6, {ip(v4), ip(v6)}, {}, {}, nat};
}

TEST(DualStack, ANatLeavesTheOtherFamilyAsItIs) {
  World world;
  const NatId nat = world.network.add_nat({.external = ip("203.0.113.1"), .firewall = FirewallConfig::answers_only()});
  const HostId a = world.add(dual_stack("10.0.0.2", "2001:db8:1::2", nat));
  const HostId b = world.add(dual_stack("10.0.0.3", "2001:db8:1::3", nat));
  const HostId out = world.add(dual_stack("198.51.100.2", "2001:db8:2::2", std::nullopt));
  EXPECT_FALSE(world.source_seen(out, "[2001:db8:2::2]:2", a, address("[2001:db8:1::2]:1"))) << "unsolicited";
  EXPECT_EQ(world.source_seen(a, "[2001:db8:1::2]:1", out, address("[2001:db8:2::2]:2")), address("[2001:db8:1::2]:1"));
  EXPECT_TRUE(world.source_seen(out, "[2001:db8:2::2]:2", a, address("[2001:db8:1::2]:1")));
  EXPECT_TRUE(world.source_seen(a, "[2001:db8:1::2]:1", b, address("[2001:db8:1::3]:1"))) << "within the home";
  EXPECT_EQ(world.source_seen(a, "10.0.0.2:1", out, address("198.51.100.2:2"))->ip, ip("203.0.113.1"));
}

TEST(DualStack, AHostWithOneFamilyReachesOnlyThatOne) {
  World world;
  const HostId v6 = world.add("2001:db8:1::2");
  const HostId both = world.add(dual_stack("198.51.100.2", "2001:db8:2::2", std::nullopt));
  EXPECT_TRUE(world.source_seen(v6, "[2001:db8:1::2]:1", both, address("[2001:db8:2::2]:2")));
  EXPECT_FALSE(world.source_seen(v6, "[2001:db8:1::2]:1", both, address("198.51.100.2:2")));
  // An unspecified address is one of the right family.
  EXPECT_EQ(world.source_seen(both, "0.0.0.0:9", v6, address("[2001:db8:1::2]:1")), address("[2001:db8:2::2]:9"));
}

}  // namespace
}  // namespace tidewire::sim
