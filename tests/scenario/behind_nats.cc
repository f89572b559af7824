// Both sides live behind a plain NAT: server-reflexive candidates find the way through.
#include <gtest/gtest.h>

#include "simulated_call.h"

namespace tidewire::scenario {
namespace {

sim::NatConfig nat(const char* external) { return {.external = *IpAddress::parse(external)}; }

TEST(BehindNats, BothSidesMeetThroughTheirExternalAddresses) {
  SimulatedCall call(
      {.alice = {.nats = {nat("203.0.113.1")}}, .bob = {.nats = {nat("203.0.113.2")}}, .stun_server = true});
  call.click();
  ASSERT_TRUE(call.run_until_established()) << call.alice.failure << call.bob.failure;
  const auto pair = call.alice.session.stats(call.now()).selected_candidate_pair;
  ASSERT_TRUE(pair);
  EXPECT_EQ(pair->remote.address.ip.to_string(), "203.0.113.2");
  EXPECT_TRUE(
      call.run_until([&] { return call.bob.video_frames_received > 30 && call.alice.video_frames_received > 30; }));
}

TEST(BehindNats, OneSideInTheOpenNeedsNoServer) {
  SimulatedCall call({.alice = {.nats = {nat("203.0.113.1")}}});
  call.click();
  ASSERT_TRUE(call.run_until_established()) << call.alice.failure << call.bob.failure;
  EXPECT_EQ(call.bob.session.stats(call.now()).selected_candidate_pair->remote.candidate_type, "prflx");
}

}  // namespace
}  // namespace tidewire::scenario
