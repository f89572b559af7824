// What a path that has become slow is spared.
#include <gtest/gtest.h>

#include "media/call_for_test.h"

namespace tidewire::media {
namespace {

constexpr std::uint64_t kSlow = 200'000;

// A call in which more waits to leave than can.
struct CrowdedCall : VideoCall {
  CrowdedCall() {
    send_frames(10, 1000);
    a.set_target_bitrate(out, kSlow);
    send_frames(6, 5000, 0ms);
  }
  OutboundRtpStreamStats sent_stats() { return a.stats(now).outbound.at(0); }
};

TEST(SendStreamKeyFrames, TakeThePlaceOfFramesThatWait) {
  CrowdedCall call;
  call.key_frame_needed = true;
  call.send_frames(1, 600, 500ms);
  EXPECT_GE(call.sent_stats().frames_dropped, 4U);
  EXPECT_EQ(call.last, (call.number - 1) * 3000);
  const std::uint32_t before = call.received;
  call.send_frames(10, 500);
  call.step(300ms);
  EXPECT_EQ(call.received, before + 10);
  EXPECT_EQ(call.b.stats(call.now).inbound.at(0).nack_count, 0U) << "nobody misses those that never left";
}

TEST(SendStreamKeyFrames, LeaveAFewFramesBeforeThemAlone) {
  VideoCall call;
  call.send_frames(10, 1000);
  call.send_frames(1, 5000, 0ms);
  call.key_frame_needed = true;
  call.send_frames(1, 1000);
  call.step(300ms);
  EXPECT_EQ(call.received, 12U);
  EXPECT_EQ(call.a.stats(call.now).outbound.at(0).frames_dropped, 0U);
}

TEST(SendStreamKeyFrames, AreAskedForWhenRepairsWouldTakeLonger) {
  VideoCall call;
  call.send_frames(10, 500);
  call.a.set_target_bitrate(call.out, kSlow);
  call.filter = [](const StreamTable::Outgoing& outgoing) { return outgoing.packet.size() < 900; };
  call.send_frames(1, 20'000);
  call.filter = nullptr;
  call.send_frames(60, 500);
  call.step(300ms);
  EXPECT_EQ(call.key_frames_asked, 1);
  EXPECT_LT(call.a.stats(call.now).outbound.at(0).retransmitted_packets_sent, 10U);
  EXPECT_EQ(call.last, (call.number - 1) * 3000);
}

TEST(SendStreamKeyFrames, FollowAPauseInWhichNothingOldComes) {
  CrowdedCall call;
  call.a.set_target_bitrate(call.out, 0);
  call.step(500ms);
  const std::uint32_t before = call.received;
  EXPECT_LT(before, 15U);
  EXPECT_GE(call.sent_stats().frames_dropped, 4U);
  EXPECT_FALSE(call.key_frame_needed);
  call.a.set_target_bitrate(call.out, kSlow);
  call.step(0ms);
  EXPECT_TRUE(call.key_frame_needed);
  call.send_frames(10, 500);
  call.step(300ms);
  EXPECT_EQ(call.received, before + 10);
}

}  // namespace
}  // namespace tidewire::media
