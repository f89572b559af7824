// From the answer to the first path that works is one round trip, over a relay too.
#include <gtest/gtest.h>

#include "places.h"

namespace tidewire::scenario {
namespace {

// 50 ms one way, through a server in the middle or not.
CallOptions far_apart(SideOptions alice, SideOptions bob) {
  return {.link = {.delay = 25ms},
          .signaling_delay = 50ms,
          .media = false,
          .alice = std::move(alice),
          .bob = std::move(bob),
          .stun_server = true};
}

void expect_one_round_trip(const CallOptions& options, std::string_view path) {
  SimulatedCall call(options);
  // Servers are asked before the call.
  call.simulation.run_for(1s);
  call.click();
  ASSERT_TRUE(call.run_until([&] { return call.alice.moments.ice_connected && call.bob.moments.ice_connected; }));
  EXPECT_LE(*call.alice.moments.ice_connected - *call.answered, 101ms);
  EXPECT_LE(*call.bob.moments.ice_connected - *call.answered, 151ms);
  EXPECT_EQ(call.alice.path(), path);
}

TEST(OneRoundTrip, BetweenHosts) { expect_one_round_trip(far_apart({}, {}), "host/udp - host/udp"); }

TEST(OneRoundTrip, BetweenHomes) {
  expect_one_round_trip(far_apart(behind(home_nat("203.0.113.1")), behind(home_nat("203.0.113.2"))),
                        "srflx/udp - srflx/udp");
}

TEST(OneRoundTrip, ThroughARelayHoweverItIsReached) {
  for (const TurnTransport transport : {TurnTransport::kUdp, TurnTransport::kTcp, TurnTransport::kTls}) {
    const PeerOptions relayed{.turn_servers = {RelayServer::at("192.0.2.1", transport)},
                              .policy = IceTransportPolicy::kRelay};
    expect_one_round_trip(far_apart({.peer = relayed}, behind(home_nat("203.0.113.2"))), "relay/udp - srflx/udp");
  }
}

// The callee's first check meets no permission at the caller's relay, which cannot know of it yet. The second one comes
// early, not after the half second of RFC 8445.
TEST(OneRoundTrip, AndNoHalfSecondMoreWhereOnlyTheCallerOfTwoBehindSymmetricNatsHasARelay) {
  const PeerOptions with_relay{.turn_servers = {RelayServer::at("192.0.2.1", TurnTransport::kUdp)}};
  SimulatedCall call(far_apart(behind(symmetric_nat("203.0.113.1"), with_relay), behind(symmetric_nat("203.0.113.2"))));
  call.simulation.run_for(1s);
  call.click();
  ASSERT_TRUE(call.run_until([&] { return call.alice.moments.ice_connected && call.bob.moments.ice_connected; }));
  EXPECT_LE(*call.alice.moments.ice_connected - *call.answered, 260ms);
}

}  // namespace
}  // namespace tidewire::scenario
