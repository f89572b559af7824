// Both sides live behind symmetric NATs: a relay carries the call, whoever has it.
#include <gtest/gtest.h>

#include "places.h"

namespace tidewire::scenario {
namespace {

TEST(RelaysBetweenSymmetricNats, MediaAndMessagesFlowThroughARelayOfEach) {
  SimulatedCall call({.alice = behind(symmetric_nat("203.0.113.1")),
                      .bob = behind(symmetric_nat("203.0.113.2")),
                      .stun_server = true,
                      .turn_server = true});
  call.click();
  ASSERT_TRUE(call.run_until_established()) << call.describe();
  EXPECT_TRUE(call.alice.is_relayed() && call.bob.is_relayed()) << call.describe();
  EXPECT_TRUE(call.media_flows(2s));
  call.alice.session.send_text(call.channel, "hello", call.now()).value();
  EXPECT_TRUE(call.run_until([&] { return call.bob.messages == std::vector<std::string>{"hello"}; }, 1s));
  EXPECT_EQ(call.alice.damaged_frames + call.bob.damaged_frames, 0U);
}

TEST(RelaysBetweenSymmetricNats, OneSideWithARelayIsEnough) {
  for (const bool alice_has_it : {true, false}) {
    const PeerOptions with_relay{.turn_servers = {RelayServer::at()}};
    SimulatedCall call({.alice = behind(symmetric_nat("203.0.113.1"), alice_has_it ? with_relay : PeerOptions{}),
                        .bob = behind(symmetric_nat("203.0.113.2"), alice_has_it ? PeerOptions{} : with_relay),
                        .stun_server = true});
    call.click();
    ASSERT_TRUE(call.run_until_established()) << call.describe();
    EXPECT_TRUE(call.media_flows(2s)) << call.describe();
  }
}

// RFC 8656 §8, §9, §12: allocations last ten minutes, permissions five, channels ten.
TEST(RelaysBetweenSymmetricNats, TheRelayOutlivesItsLifetimes) {
  CallOptions options = only_a_relay_helps({RelayServer::at()});
  SimulatedCall call(options);
  call.click();
  ASSERT_TRUE(call.run_until_established()) << call.describe();
  call.simulation.run_for(25min);
  EXPECT_EQ(call.alice.state(), PeerConnectionState::kConnected);
  EXPECT_FALSE(call.alice.moments.disconnected || call.bob.moments.disconnected);
  call.alice.session.send_text(call.channel, "still there?", call.now()).value();
  EXPECT_TRUE(call.run_until([&] { return call.bob.messages.size() == 1; }, 1s));
}

TEST(RelaysBetweenSymmetricNats, TheAllocationIsGivenBackAtTheEnd) {
  SimulatedCall call(only_a_relay_helps({RelayServer::at()}));
  call.click();
  ASSERT_TRUE(call.run_until_established()) << call.describe();
  EXPECT_EQ(call.servers.front()->server.stats().allocations, 1U);
  call.alice.session.close(call.now());
  call.simulation.run_for(1s);
  EXPECT_EQ(call.servers.front()->server.stats().allocations, 0U);
}

}  // namespace
}  // namespace tidewire::scenario
