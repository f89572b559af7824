// One side has IPv6 alone, the other IPv4 alone.
#include <gtest/gtest.h>

#include <algorithm>

#include "places.h"

namespace tidewire::scenario {
namespace {

const RelayServerOptions kDualStack{.address = "192.0.2.1", .address_v6 = "2001:db8::1"};

TEST(Ipv6OnlyMeetsIpv4Only, ThroughTheRelayOfTheFormerThatHasBoth) {
  for (const TurnTransport transport : {TurnTransport::kUdp, TurnTransport::kTcp, TurnTransport::kTls}) {
    SimulatedCall call({.alice = {.addresses = {ip("2001:db8:a::2")},
                                  .peer = {.turn_servers = {RelayServer::at("2001:db8::1", transport)}}},
                        .servers = {kDualStack}});
    call.click();
    ASSERT_TRUE(call.run_until_established()) << call.describe();
    EXPECT_EQ(call.alice.path(), "relay/udp - host/udp") << call.describe();
    EXPECT_TRUE(call.media_flows(2s));
  }
}

// The relay is reached over IPv4 and gives an address that the side without a relay can send to.
TEST(Ipv6OnlyMeetsIpv4Only, ThroughTheRelayOfTheLatterThatHasBoth) {
  for (const TurnTransport transport : {TurnTransport::kUdp, TurnTransport::kTcp, TurnTransport::kTls}) {
    SimulatedCall call(
        {.alice = {.addresses = {ip("2001:db8:a::2")}},
         .bob = behind(symmetric_nat("203.0.113.2"), {.turn_servers = {RelayServer::at("192.0.2.1", transport)}}),
         .servers = {kDualStack}});
    call.click();
    ASSERT_TRUE(call.run_until_established()) << call.describe();
    EXPECT_EQ(call.bob.path(), "relay/udp - host/udp") << call.describe();
    EXPECT_TRUE(call.media_flows(2s)) << call.describe();
    const StatsReport report = call.bob.session.stats(call.now());
    ASSERT_TRUE(report.selected_candidate_pair);
    EXPECT_EQ(report.selected_candidate_pair->local.relay_protocol, to_string(transport));
    const auto offered = [&](std::string_view type) {
      return std::ranges::count_if(
          call.bob.candidates, [&](const std::string& candidate) { return candidate.find(type) != std::string::npos; });
    };
    EXPECT_EQ(offered("typ relay"), 2);
    EXPECT_EQ(offered("typ srflx"), transport == TurnTransport::kUdp ? 1 : 0);
  }
}

// Both addresses are lost with the allocation, and both come again with the next one.
TEST(Ipv6OnlyMeetsIpv4Only, AllocatesAgainWhenANatForgets) {
  SimulatedCall call({.alice = {.addresses = {ip("2001:db8:a::2")}},
                      .bob = behind(symmetric_nat("203.0.113.2"), {.turn_servers = {RelayServer::at()}}),
                      .servers = {kDualStack}});
  call.click();
  ASSERT_TRUE(call.run_until_established()) << call.describe();
  call.simulation.network().nat(*call.bob_nat).rebind();
  EXPECT_TRUE(call.media_flows(15s)) << call.describe();
  EXPECT_EQ(call.bob.path(), "relay/udp - host/udp") << call.describe();
  EXPECT_EQ(call.servers[0]->server.stats().allocations_made, 2U);
}

TEST(Ipv6OnlyMeetsIpv4Only, ThroughRelaysOfBoth) {
  SimulatedCall call(
      {.alice = {.addresses = {ip("2001:db8:a::2")}, .peer = {.turn_servers = {RelayServer::at("2001:db8::1")}}},
       .bob = behind(symmetric_nat("203.0.113.2"), {.turn_servers = {RelayServer::at()}}),
       .servers = {kDualStack}});
  call.click();
  ASSERT_TRUE(call.run_until_established()) << call.describe();
  EXPECT_TRUE(call.media_flows(2s)) << call.describe();
}

TEST(Ipv6OnlyMeetsIpv4Only, WithoutARelayTheFailureNamesTheFamilies) {
  SimulatedCall call({.media = false, .alice = {.addresses = {ip("2001:db8:a::2")}}});
  call.click();
  ASSERT_TRUE(call.run_until([&] { return call.alice.moments.failed && call.bob.moments.failed; }, 40s));
  for (const Peer* peer : {&call.alice, &call.bob}) {
    EXPECT_NE(peer->failure.find("IPv6"), std::string::npos) << peer->failure;
  }
}

TEST(Ipv6OnlyMeetsIpv4Only, FirewallsThatOnlyLetAnswersInAreNoObstacle) {
  SimulatedCall call({.alice = {.addresses = {ip("2001:db8:a::2")}, .firewall = sim::FirewallConfig::answers_only()},
                      .bob = {.addresses = {ip("2001:db8:b::2"), ip("198.51.100.3")},
                              .firewall = sim::FirewallConfig::answers_only()}});
  call.click();
  ASSERT_TRUE(call.run_until_established()) << call.describe();
  EXPECT_EQ(call.alice.path(), "host/udp - host/udp");
}

}  // namespace
}  // namespace tidewire::scenario
