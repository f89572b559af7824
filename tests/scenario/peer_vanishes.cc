// The peer is gone without a word.
#include <gtest/gtest.h>

#include "places.h"

namespace tidewire::scenario {
namespace {

void vanish(SimulatedCall& call) {
  call.simulation.network().up(call.alice_host).config().loss = 1;
  call.simulation.network().down(call.alice_host).config().loss = 1;
}

TEST(PeerVanishes, ItIsMissedSoonAndGivenUpWithItsConsent) {
  for (const bool media : {true, false}) {
    SimulatedCall call({.media = media});
    call.click();
    ASSERT_TRUE(call.run_until_established());
    call.simulation.run_for(10s);
    const Timestamp gone = call.now();
    vanish(call);
    ASSERT_TRUE(call.run_until([&] { return call.bob.moments.failed.has_value(); }, 60s));
    EXPECT_LT(*call.bob.moments.disconnected - gone, 12s);
    // RFC 7675 §5.1: 30 s after the last answer, which may be as old as the interval between requests.
    EXPECT_GT(*call.bob.moments.failed - gone, 23s);
    EXPECT_LT(*call.bob.moments.failed - gone, 31s);
    EXPECT_EQ(call.bob.session.failure()->cause, FailureCause::kConsentLost) << call.bob.failure;
  }
}

TEST(PeerVanishes, ItMayComeBackBeforeThat) {
  SimulatedCall call;
  call.click();
  ASSERT_TRUE(call.run_until_established());
  vanish(call);
  ASSERT_TRUE(call.run_until([&] { return call.bob.moments.disconnected.has_value(); }, 12s));
  call.simulation.network().up(call.alice_host).config().loss = 0;
  call.simulation.network().down(call.alice_host).config().loss = 0;
  EXPECT_TRUE(call.media_flows(2s));
  EXPECT_TRUE(call.run_until([&] { return call.bob.state() == PeerConnectionState::kConnected; }, 5s));
}

TEST(PeerVanishes, ARestartBringsItBackAfterTheFailure) {
  SimulatedCall call;
  call.click();
  ASSERT_TRUE(call.run_until_established());
  vanish(call);
  ASSERT_TRUE(call.run_until([&] { return call.alice.moments.failed && call.bob.moments.failed; }, 60s));
  call.simulation.network().up(call.alice_host).config().loss = 0;
  call.simulation.network().down(call.alice_host).config().loss = 0;
  call.alice.session.restart_ice().value();
  call.renegotiate(call.alice, call.bob);
  EXPECT_TRUE(call.run_until([&] { return call.bob.state() == PeerConnectionState::kConnected; }, 5s))
      << call.describe();
  EXPECT_FALSE(call.bob.session.failure());
  EXPECT_TRUE(call.media_flows(3s));
}

}  // namespace
}  // namespace tidewire::scenario
