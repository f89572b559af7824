// What a stream takes from the heap once it is under way.
#include <gtest/gtest.h>

#include "base/allocations_for_test.h"
#include "media/smooth_call_for_test.h"

namespace tidewire::media {
namespace {

TEST(SteadyState, ReceivingPicturesAllocatesFramesAndNothingElse) {
  for (const bool lossy : {false, true}) {
    SmoothCall call(3);
    call.path.jitter = 10ms;
    call.path.loss = lossy ? 0.02 : 0;
    std::size_t before = 0;
    std::size_t taken = 0;
    call.run(20s);
    call.watch = [&](bool begins) {
      if (begins) {
        before = allocations_from_heap;
      } else {
        taken += allocations_from_heap - before;
      }
    };
    call.reset_view();
    const std::uint64_t packets = call.stats().packets_received;
    call.run(20s);
    EXPECT_GT(call.stats().packets_received - packets, 3000U);
    const std::size_t frames = call.shown.size();
    // One for each frame's payload. Queues take blocks of many elements now and then; reports collect their blocks.
    EXPECT_LE(taken, frames + 100) << (lossy ? "with loss" : "without loss");
  }
}

}  // namespace
}  // namespace tidewire::media
