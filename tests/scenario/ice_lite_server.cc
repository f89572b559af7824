// One side is a server with a public address that answers checks and makes none.
#include <gtest/gtest.h>

#include "places.h"

namespace tidewire::scenario {
namespace {

TEST(IceLiteServer, IsReachedFromBehindAnyNat) {
  for (const sim::NatConfig& nat : {home_nat("203.0.113.1"), symmetric_nat("203.0.113.1")}) {
    SimulatedCall call({.alice = behind(nat), .bob = {.peer = {.ice_lite = true}}});
    call.click();
    ASSERT_TRUE(call.run_until_established()) << call.describe();
    EXPECT_TRUE(call.media_flows(2s));
    EXPECT_EQ(call.alice.session.stats(call.now()).transport.ice_role, "controlling");
    EXPECT_EQ(call.bob.session.stats(call.now()).selected_candidate_pair->requests_sent, 0U);
  }
}

TEST(IceLiteServer, MayCallToo) {
  SimulatedCall call({.alice = {.peer = {.ice_lite = true}}, .bob = behind(home_nat("203.0.113.2"))});
  call.click();
  ASSERT_TRUE(call.run_until_established()) << call.describe();
  EXPECT_TRUE(call.media_flows(2s));
  EXPECT_EQ(call.bob.session.stats(call.now()).transport.ice_role, "controlling");
}

TEST(IceLiteServer, FollowsAClientThatMoves) {
  SimulatedCall call({.alice = behind(home_nat("203.0.113.1")), .bob = {.peer = {.ice_lite = true}}});
  call.click();
  ASSERT_TRUE(call.run_until_established()) << call.describe();
  ASSERT_TRUE(call.media_flows(2s));
  call.simulation.run_for(2s);
  call.simulation.network().nat(*call.alice_nat).rebind();
  EXPECT_TRUE(call.media_flows(2s)) << call.describe();
}

TEST(IceLiteServer, NoticesThatTheClientHasGone) {
  SimulatedCall call({.bob = {.peer = {.ice_lite = true}}});
  call.click();
  ASSERT_TRUE(call.run_until_established()) << call.describe();
  call.simulation.network().up(call.alice_host).config().loss = 1;
  EXPECT_TRUE(call.run_until([&] { return call.bob.moments.failed.has_value(); }, 40s));
  EXPECT_EQ(call.bob.session.failure()->cause, FailureCause::kConsentLost);
}

}  // namespace
}  // namespace tidewire::scenario
