// A firewall lets no UDP through, or nothing but the web: relays over TCP and TLS, or ICE-TCP without one.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "places.h"

namespace tidewire::scenario {
namespace {

PeerOptions all_ways() {
  return {.turn_servers = {RelayServer::at("192.0.2.1", TurnTransport::kUdp),
                           RelayServer::at("192.0.2.1", TurnTransport::kTcp),
                           RelayServer::at("192.0.2.1", TurnTransport::kTls)}};
}

void expect_call(const CallOptions& options, std::string_view path) {
  SimulatedCall call(options);
  call.click();
  ASSERT_TRUE(call.run_until_established()) << call.describe();
  EXPECT_TRUE(call.media_flows(3s)) << call.describe();
  EXPECT_EQ(call.alice.path(), path) << call.describe();
  EXPECT_EQ(call.alice.damaged_frames + call.bob.damaged_frames, 0U);
}

TEST(FirewallInTheWay, WithoutUdpTheRelayIsReachedOverTcp) {
  expect_call({.alice = behind(sim::FirewallConfig::without_udp(), all_ways()), .stun_server = true},
              "relay/udp - host/udp");
}

TEST(FirewallInTheWay, WhereOnlyTheWebIsAllowedTheRelayIsReachedOverTls) {
  SimulatedCall call({.alice = behind(sim::FirewallConfig::web_only(), all_ways()), .stun_server = true});
  call.click();
  ASSERT_TRUE(call.run_until_established()) << call.describe();
  EXPECT_TRUE(call.media_flows(3s)) << call.describe();
  EXPECT_EQ(call.servers.front()->server.stats().allocations, 1U);
}

TEST(FirewallInTheWay, BothSidesMayBeBehindOne) {
  expect_call({.alice = behind(sim::FirewallConfig::web_only(), all_ways()),
               .bob = behind(sim::FirewallConfig::without_udp(), all_ways()),
               .stun_server = true},
              "relay/udp - relay/udp");
}

TEST(FirewallInTheWay, OnlyAnswersComeInOnBothSides) {
  expect_call(
      {.alice = behind(sim::FirewallConfig::answers_only()), .bob = behind(sim::FirewallConfig::answers_only())},
      "host/udp - host/udp");
}

// RFC 6544 §7.3: the listening side does not know the port that a connection comes from, which makes it peer-reflexive.
void expect_tcp_call(const CallOptions& options) {
  SimulatedCall call(options);
  call.click();
  ASSERT_TRUE(call.run_until_established()) << call.describe();
  EXPECT_TRUE(call.media_flows(3s)) << call.describe();
  const std::set<std::string> paths{call.alice.path(), call.bob.path()};
  EXPECT_EQ(paths, (std::set<std::string>{"host/tcp - host/tcp", "host/tcp - prflx/tcp"})) << call.describe();
}

TEST(FirewallInTheWay, WithoutUdpAndRelayTheHostsConnectOverTcp) {
  const SideOptions blocked = behind(sim::FirewallConfig::without_udp(), {.tcp = true});
  const SideOptions open{.peer = {.tcp = true}};
  expect_tcp_call({.alice = blocked, .bob = open});
  expect_tcp_call({.alice = open, .bob = blocked});
  expect_tcp_call({.alice = blocked, .bob = blocked});
}

TEST(FirewallInTheWay, OneSideThatMayOnlyConnectOutwardsIsEnoughForTcp) {
  sim::FirewallConfig outward = sim::FirewallConfig::without_udp();
  outward.unsolicited_tcp = false;
  const SideOptions blocked = behind(outward, {.tcp = true});
  const SideOptions open{.peer = {.tcp = true}};
  expect_tcp_call({.alice = blocked, .bob = open});
  expect_tcp_call({.alice = open, .bob = blocked});
}

TEST(FirewallInTheWay, UdpIsPreferredWhereBothWork) {
  expect_call({.alice = {.peer = {.tcp = true}}, .bob = {.peer = {.tcp = true}}}, "host/udp - host/udp");
}

}  // namespace
}  // namespace tidewire::scenario
