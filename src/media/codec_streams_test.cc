// Whole streams of every codec, from one table to another.
#include <gtest/gtest.h>

#include "media/call_for_test.h"

namespace tidewire::media {
namespace {

class EveryVideoCodec : public testing::TestWithParam<std::tuple<CodecType, int>> {
 protected:
  CodecType codec() const { return std::get<0>(GetParam()); }
  std::uint64_t seed() const { return static_cast<std::uint64_t>(std::get<1>(GetParam())); }
};

TEST_P(EveryVideoCodec, DeliversEveryFrameOverAPerfectWire) {
  VideoCall call(seed(), codec());
  call.send_frames(100, 6000);
  call.step(1s);
  EXPECT_EQ(call.received, 100U);
  EXPECT_EQ(call.key_frames_asked, 0);
  const InboundRtpStreamStats in = call.b.stats(call.now).inbound.at(0);
  EXPECT_EQ(in.codec, codec());
  EXPECT_EQ(in.frame_width, 640);
  EXPECT_EQ(in.frame_height, 480);
  EXPECT_EQ(call.b.counters().rtp_malformed, 0U);
}

TEST_P(EveryVideoCodec, DeliversEveryFrameByAskingAgain) {
  VideoCall call(seed(), codec());
  call.send_frames(3, 3000);
  call.wire.loss = 0.1;
  call.wire.jitter = 10ms;
  call.wire.duplicate = 0.02;
  call.obey_key_frame_requests = false;
  call.send_frames(200, 6000);
  call.wire.loss = 0;
  call.send_frames(3, 6000);
  call.step(3s);
  EXPECT_EQ(call.received, 206U);
  EXPECT_GT(call.b.stats(call.now).inbound[0].retransmitted_packets_received, 0U);
}

TEST_P(EveryVideoCodec, GoesOnByKeyFramesWithoutAskingAgain) {
  VideoCall call(seed(), codec());
  ReceiveStreamConfig config = video_in(codec());
  config.nack = false;
  ASSERT_TRUE(call.b.update_receive_stream(call.in, config));
  call.send_frames(3, 3000);
  call.wire.loss = 0.01;
  call.send_frames(300, 3000);
  call.wire.loss = 0;
  call.send_frames(30, 3000);
  call.step(1s);
  EXPECT_GT(call.key_frames.size(), 1U);
  EXPECT_EQ(call.last, (call.number - 1) * 3000);
}

INSTANTIATE_TEST_SUITE_P(Codecs, EveryVideoCodec,
                         testing::Combine(testing::Values(CodecType::kVp9, CodecType::kH264, CodecType::kAv1),
                                          testing::Range(1, 4)));

TEST(CodecStreams, H264InModeZeroSendsSlicesAsTheyAre) {
  VideoCall call(1, CodecType::kH264);
  SendStreamConfig config = video_out(Ssrc(0x11111111), CodecType::kH264);
  config.h264_packetization_mode = H264PacketizationMode::kSingleNalUnit;
  ASSERT_TRUE(call.a.update_send_stream(call.out, config));
  call.send_frames(50, 200);
  call.step(1s);
  EXPECT_EQ(call.received, 50U);
  const auto result = call.a.send_frame(call.out, call.make_frame(false, 5000), call.now);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kNotSupported);
  EXPECT_EQ(call.a.stats(call.now).outbound[0].frames_dropped, 1U);
}

TEST(CodecStreams, AStreamChangesItsCodecAtAKeyFrame) {
  VideoCall call(1, CodecType::kVp9);
  ReceiveStreamConfig in = video_in(CodecType::kVp9);
  in.codecs.push_back({PayloadType(98), CodecType::kH264, PayloadType(99)});
  ASSERT_TRUE(call.b.update_receive_stream(call.in, in));
  call.send_frames(30, 3000);
  call.step(200ms);
  SendStreamConfig out = video_out(Ssrc(0x11111111), CodecType::kH264);
  out.payload_type = PayloadType(98);
  out.rtx->payload_type = PayloadType(99);
  ASSERT_TRUE(call.a.update_send_stream(call.out, out));
  call.codec = CodecType::kH264;
  call.key_frame_needed = true;
  call.wire.loss = 0.1;
  call.send_frames(60, 3000);
  call.wire.loss = 0;
  call.send_frames(3, 3000);
  call.step(1s);
  EXPECT_EQ(call.received, 93U);
  EXPECT_EQ(call.b.stats(call.now).inbound[0].codec, CodecType::kH264);
}

TEST(CodecStreams, ATelephonesSoundPlaysInItsSlots) {
  AudioCall call(1, CodecType::kPcmu);
  call.wire.jitter = 30ms;
  call.send_frames(500);
  call.step(500ms);
  EXPECT_EQ(call.played, 500);
  EXPECT_EQ(call.gap, 0ms);
  EXPECT_EQ(call.frame_duration, 20ms);
  EXPECT_EQ(call.b.stats(call.now).inbound.at(0).codec, CodecType::kPcmu);
}

TEST(CodecStreams, ATelephonesSoundKeepsItsPlaceThroughSilence) {
  AudioCall call(1, CodecType::kPcma);
  call.send_frames(50);
  call.number += 20;  // 400 ms
  call.step(400ms);
  call.send_frames(50);
  call.step(80ms);
  EXPECT_EQ(call.played, 100);
  EXPECT_GE(call.concealed, 400ms);
  EXPECT_LE(call.concealed, 480ms);
}

TEST(CodecStreams, ATelephonesSoundIsConcealedWhereItIsLost) {
  AudioCall call(1, CodecType::kPcmu);
  call.send_frames(10);
  call.wire.loss = 0.1;
  call.send_frames(500);
  call.wire.loss = 0;
  call.send_frames(1);
  call.step(80ms);
  EXPECT_GE(call.played * 20ms + call.concealed, 511 * 20ms);
  EXPECT_LE(call.played * 20ms + call.concealed, 511 * 20ms + 60ms);
  EXPECT_EQ(call.gap, 0ms);
}

TEST(CodecStreams, SoundChangesItsCodecAndItsClock) {
  AudioCall call;
  ReceiveStreamConfig in = audio_in();
  in.codecs.push_back({PayloadType(0), CodecType::kPcmu, std::nullopt});
  ASSERT_TRUE(call.b.update_receive_stream(call.in, in));
  call.send_frames(50);
  call.step(200ms);
  SendStreamConfig out = audio_out();
  out.codec = CodecType::kPcmu;
  out.payload_type = PayloadType(0);
  ASSERT_TRUE(call.a.update_send_stream(call.out, out));
  call.codec = CodecType::kPcmu;
  call.send_frames(50);
  call.step(200ms);
  EXPECT_EQ(call.played, 100);
  EXPECT_EQ(call.frame_duration, 20ms);
  EXPECT_EQ(call.b.stats(call.now).inbound[0].codec, CodecType::kPcmu);
  EXPECT_LT(call.b.stats(call.now).inbound[0].jitter, 5ms) << "the step from one clock to the other is no jitter";
}

}  // namespace
}  // namespace tidewire::media
