// What getStats tells of a sent stream.
#include <gtest/gtest.h>

#include "media/call_for_test.h"

namespace tidewire::media {
namespace {

TEST(OutboundStats, CountFramesByTimeSizeAndQuantizer) {
  VideoCall call;
  for (std::uint32_t i = 0; i < 60; ++i) {
    EncodedFrame frame = video_frame(i, i == 0, i == 30 ? 5000 : 1000);
    if (i % 2 == 0) frame.quantizer = 20;
    ASSERT_TRUE(call.a.send_frame(call.out, frame, call.now));
    call.run(50ms);
  }
  OutboundRtpStreamStats out = call.a.stats(call.now).outbound.at(0);
  EXPECT_EQ(out.huge_frames_sent, 1U);
  EXPECT_EQ(out.qp_sum, 600U);
  EXPECT_NEAR(out.frames_per_second, 20, 1);
  EXPECT_EQ(out.rtx_ssrc, 0x11111112U);
  EXPECT_EQ(out.rid, "");
  EXPECT_FALSE(out.scalability_mode);
  call.run(2s);
  EXPECT_EQ(call.a.stats(call.now).outbound.at(0).frames_per_second, 0);
}

TEST(OutboundStats, NameTheEncodingAndItsLayers) {
  Call call;
  for (const std::uint32_t i : {0U, 1U}) {
    SendStreamConfig config = video_out(Ssrc(100 + 10 * i));
    config.rtp_stream_id = i == 0 ? "q" : "f";
    ASSERT_TRUE(call.a.add_send_stream(config, call.now));
  }
  SendStreamConfig other = video_out(Ssrc(200));
  other.mid = "w";
  other.rtx.reset();
  const StreamId last = *call.a.add_send_stream(other, call.now);
  EncodedFrame frame = video_frame(0, true, 500);
  frame.layers = {.mode = *ScalabilityMode::parse("L1T3"), .count = 1};
  frame.layers.frames[0].size = frame.payload.size();
  ASSERT_TRUE(call.a.send_frame(last, frame, call.now));
  const auto out = call.a.stats(call.now).outbound;
  ASSERT_EQ(out.size(), 3U);
  EXPECT_EQ(out[0].rid, "q");
  EXPECT_EQ(out[0].encoding_index, 0U);
  EXPECT_EQ(out[1].rid, "f");
  EXPECT_EQ(out[1].encoding_index, 1U);
  EXPECT_EQ(out[2].encoding_index, 0U);
  EXPECT_FALSE(out[2].rtx_ssrc);
  EXPECT_EQ(out[2].scalability_mode, ScalabilityMode::parse("L1T3"));
}

}  // namespace
}  // namespace tidewire::media
