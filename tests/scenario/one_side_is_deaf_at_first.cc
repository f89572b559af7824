// One side's first three seconds of packets are lost: the call comes about afterwards.
#include <gtest/gtest.h>

#include "simulated_call.h"

namespace tidewire::scenario {
namespace {

void first_seconds_lost(bool caller) {
  SimulatedCall call;
  auto& up = call.simulation.network().up(caller ? call.alice_host : call.bob_host);
  up.config().loss = 1;
  call.simulation.after(3s, [&] { up.config().loss = 0; });
  call.click();
  EXPECT_FALSE(call.run_until_established(3s));
  ASSERT_TRUE(call.run_until_established(5s)) << call.alice.failure << call.bob.failure;
  EXPECT_TRUE(
      call.run_until([&] { return call.bob.video_frames_received > 30 && call.alice.video_frames_received > 30; }));
}

TEST(OneSideIsDeafAtFirst, TheCallersPacketsAreLost) { first_seconds_lost(true); }
TEST(OneSideIsDeafAtFirst, TheAnswerersPacketsAreLost) { first_seconds_lost(false); }

}  // namespace
}  // namespace tidewire::scenario
