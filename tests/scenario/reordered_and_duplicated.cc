// Packets come in another order, and twice: nothing is delivered twice or out of order.
#include <gtest/gtest.h>

#include "simulated_call.h"

namespace tidewire::scenario {
namespace {

TEST(ReorderedAndDuplicated, MessagesKeepTheirOrderAndComeOnce) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SimulatedCall call(
        {.seed = seed, .link = {.delay = 15ms, .jitter = 10ms, .duplicate = 0.1, .reorder = 0.1, .reorder_by = 25ms}});
    call.click();
    ASSERT_TRUE(call.run_until_established()) << call.alice.failure << call.bob.failure;
    std::vector<std::string> sent;
    for (int i = 0; i < 200; ++i) {
      sent.push_back("message " + std::to_string(i) + std::string(static_cast<std::size_t>(i) * 10, '.'));
      call.alice.session.send_text(call.channel, sent.back(), call.now()).value();
    }
    EXPECT_TRUE(call.run_until([&] { return call.bob.messages.size() >= 200 && call.bob.video_frames_received > 60; }));
    EXPECT_EQ(call.bob.messages, sent);
    EXPECT_EQ(call.alice.damaged_frames + call.bob.damaged_frames, 0U);
  }
}

}  // namespace
}  // namespace tidewire::scenario
