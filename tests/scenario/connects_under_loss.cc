// A call comes about and its media arrives intact at 0, 5 and 20 % loss, under several seeds.
#include <gtest/gtest.h>

#include "simulated_call.h"

namespace tidewire::scenario {
namespace {

struct Case {
  double loss;
  std::uint64_t seed;
};

class ConnectsUnderLoss : public testing::TestWithParam<Case> {};

TEST_P(ConnectsUnderLoss, MediaAndMessagesArriveIntact) {
  SimulatedCall call({.seed = GetParam().seed, .link = {.delay = 20ms, .loss = GetParam().loss / 2}});
  call.click();
  ASSERT_TRUE(call.run_until_established()) << call.alice.failure << call.bob.failure;
  call.alice.session.send_text(call.channel, "hello", call.now()).value();
  EXPECT_TRUE(call.run_until([&] {
    return call.bob.video_frames_received > 60 && call.alice.video_frames_received > 60 &&
           call.bob.audio_frames_received > 100 && call.bob.messages.size() == 1;
  })) << call.bob.video_frames_received
      << " " << call.alice.video_frames_received << " " << call.bob.audio_frames_received;
  EXPECT_EQ(call.alice.damaged_frames + call.bob.damaged_frames, 0U);
  EXPECT_EQ(call.bob.messages, std::vector<std::string>{"hello"});
}

// Each link loses half of the stated share, and a packet crosses two of them.
INSTANTIATE_TEST_SUITE_P(Shares, ConnectsUnderLoss,
                         testing::Values(Case{0, 1}, Case{0.05, 1}, Case{0.05, 2}, Case{0.05, 3}, Case{0.2, 1},
                                         Case{0.2, 2}, Case{0.2, 3}, Case{0.2, 4}, Case{0.2, 5}),
                         [](const auto& tested) {
                           return std::to_string(static_cast<int>(tested.param.loss * 100)) + "PercentSeed" +
                                  std::to_string(tested.param.seed);
                         });

}  // namespace
}  // namespace tidewire::scenario
