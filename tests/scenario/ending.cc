// A call ends: by a farewell, or by silence.
#include <gtest/gtest.h>

#include "simulated_call.h"

namespace tidewire::scenario {
namespace {

TEST(Ending, TheOtherSideHearsOfTheFarewell) {
  SimulatedCall call;
  call.click();
  ASSERT_TRUE(call.run_until_established());
  call.alice.session.close(call.now());
  EXPECT_EQ(call.alice.session.connection_state(), PeerConnectionState::kClosed);
  EXPECT_TRUE(call.run_until([&] { return call.bob.session.stats(call.now()).transport.dtls_state == "closed"; }, 1s));
  EXPECT_FALSE(call.alice.session.create_offer());
  EXPECT_EQ(call.alice.session.next_timeout(), kNever);
}

TEST(Ending, SilenceIsNoticedAndToldWithAReason) {
  SimulatedCall call;
  call.click();
  ASSERT_TRUE(call.run_until_established());
  call.simulation.network().up(call.alice_host).config().loss = 1;
  EXPECT_TRUE(
      call.run_until([&] { return call.bob.session.connection_state() == PeerConnectionState::kDisconnected; }, 15s));
  EXPECT_TRUE(call.run_until([&] { return call.bob.session.connection_state() == PeerConnectionState::kFailed; }, 40s));
  EXPECT_FALSE(call.bob.failure.empty());
}

TEST(Ending, ShortSilenceIsSurvived) {
  SimulatedCall call;
  call.click();
  ASSERT_TRUE(call.run_until_established());
  auto& up = call.simulation.network().up(call.alice_host);
  up.config().loss = 1;
  call.simulation.run_for(12s);
  up.config().loss = 0;
  const std::uint64_t frames = call.bob.video_frames_received;
  EXPECT_TRUE(call.run_until([&] { return call.bob.video_frames_received > frames + 60; }, 10s));
  EXPECT_TRUE(
      call.run_until([&] { return call.bob.session.connection_state() == PeerConnectionState::kConnected; }, 10s));
}

}  // namespace
}  // namespace tidewire::scenario
