// Sound from one table to another: every slot has its frame, or is concealed.
#include <gtest/gtest.h>

#include "media/call_for_test.h"

namespace tidewire::media {
namespace {

TEST(AudioStreams, PlayEveryFrameInItsSlot) {
  AudioCall call;
  call.wire.jitter = 30ms;
  call.send_frames(500);
  call.step(500ms);
  EXPECT_EQ(call.played, 500);
  EXPECT_EQ(call.gap, 0ms);
}

TEST(AudioStreams, ConcealWhatIsLost) {
  AudioCall call;
  call.send_frames(10);
  call.wire.loss = 0.1;
  call.send_frames(500);
  call.wire.loss = 0;
  call.send_frames(1);
  call.step(80ms);
  const Duration missing = call.concealed + call.recovered;
  EXPECT_GE(missing, 500ms);
  EXPECT_LE(missing, 1500ms);
  EXPECT_GE(call.played * 20ms + missing, 511 * 20ms);
  EXPECT_LE(call.played * 20ms + missing, 511 * 20ms + 60ms);
  EXPECT_EQ(call.gap, 0ms);
}

TEST(AudioStreams, KeepTheirPlaceThroughSilence) {
  AudioCall call;
  call.send_frames(50);
  call.number += 20;  // 400 ms for which the encoder sends nothing
  call.step(400ms);
  call.send_frames(50);
  call.step(80ms);
  EXPECT_EQ(call.played, 100);
  EXPECT_GE(call.concealed, 400ms);
}

TEST(AudioStreams, StopTheClockWhenTheSourceStops) {
  AudioCall call;
  call.send_frames(50);
  call.step(10s);
  EXPECT_EQ(call.concealed, 1s);
  call.number += 500;
  call.send_frames(50);
  call.step(80ms);
  EXPECT_EQ(call.played, 100);
}

TEST(AudioStreams, FollowAClockThatRunsFasterOrSlower) {
  for (const Duration interval : {Duration{19'980us}, Duration{20'020us}}) {  // 0.1 % is more than any sound card's
    AudioCall call;
    call.send_frames(15'000, interval);  // five minutes: 300 ms apart at the end
    call.step(80ms);
    EXPECT_GT(call.played, 14'900);
    const InboundRtpStreamStats stats = call.b.stats(call.now).inbound.at(0);
    const double delay = std::chrono::duration<double>(stats.jitter_buffer_delay).count() /
                         static_cast<double>(stats.jitter_buffer_emitted_count);
    EXPECT_LT(delay, 0.13);
  }
}

TEST(AudioStreams, TimestampsWrapUnnoticed) {
  AudioCall call;
  call.number = 4'473'924 - 25;  // × 960 passes 2^32; the payload's number passes 65,536 earlier
  call.last_played = -1;
  call.number = 4'473'924 - 25;
  for (int i = 0; i < 50; ++i) {
    EncodedFrame frame = audio_frame(static_cast<std::uint32_t>(i));
    frame.rtp_timestamp = (call.number++) * 960;
    ASSERT_TRUE(call.a.send_frame(call.out, frame, call.now));
    call.step(20ms);
  }
  call.step(100ms);
  EXPECT_EQ(call.played, 50);
}

// A frame leaves with its bytes: that is one allocation. What keeps it until then takes none.

}  // namespace
}  // namespace tidewire::media
