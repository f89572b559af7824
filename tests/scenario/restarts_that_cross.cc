// Both sides restart ICE at the same time: their offers cross, and the call goes on.
#include <gtest/gtest.h>

#include "places.h"

namespace tidewire::scenario {
namespace {

// Perfect negotiation (W3C WebRTC §10.7): both offer; Bob is polite and takes his offer back, Alice ignores his.
void restart_both(SimulatedCall& call) {
  call.offers_cross = true;
  for (Peer* peer : {&call.alice, &call.bob}) {
    peer->session.restart_ice().value();
    peer->session.set_local_description(call.now()).value();
  }
  call.simulation.after(20ms, [&call, offer = *call.alice.session.local_description()] {
    call.bob.session.set_remote_description(offer, call.now()).value();
    call.bob.session.set_local_description(call.now()).value();
    call.simulation.after(20ms, [&call, answer = *call.bob.session.local_description()] {
      call.alice.session.set_remote_description(answer, call.now()).value();
      if (call.bob.session.negotiation_needed()) call.renegotiate(call.bob, call.alice);
    });
  });
}

void expect_unbroken(SimulatedCall& call) {
  call.click();
  ASSERT_TRUE(call.run_until_established()) << call.describe();
  ASSERT_TRUE(call.media_flows(5s));
  restart_both(call);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(call.media_flows(600ms)) << i << call.describe();
  // Longer than the old path's consent: the new one stands on its own.
  call.simulation.run_for(35s);
  EXPECT_TRUE(call.media_flows(600ms)) << call.describe();
  for (const Peer* peer : {&call.alice, &call.bob}) {
    EXPECT_EQ(peer->state(), PeerConnectionState::kConnected);
    EXPECT_EQ(peer->session.signaling_state(), SignalingState::kStable);
    EXPECT_FALSE(peer->moments.disconnected) << peer->name;
  }
}

TEST(RestartsThatCross, LeaveTheCallUnbroken) {
  SimulatedCall call;
  expect_unbroken(call);
}

TEST(RestartsThatCross, LeaveARelayedCallUnbroken) {
  CallOptions options = only_a_relay_helps({RelayServer::at()});
  options.media = true;
  SimulatedCall call(options);
  expect_unbroken(call);
}

}  // namespace
}  // namespace tidewire::scenario
