// Pictures from one table to another over a wire that loses, delays and repeats.
#include <gtest/gtest.h>

#include "media/call_for_test.h"

namespace tidewire::media {
namespace {

TEST(VideoStreams, DeliverEveryFrameIntactOverAPerfectWire) {
  VideoCall call;
  call.send_frames(300, 6000);
  call.step(1s);
  EXPECT_EQ(call.received, 300U);
  EXPECT_EQ(call.key_frames_asked, 0);
  const InboundRtpStreamStats in = call.b.stats(call.now).inbound.at(0);
  const OutboundRtpStreamStats out = call.a.stats(call.now).outbound.at(0);
  EXPECT_EQ(in.packets_received, out.packets_sent);
  EXPECT_EQ(in.bytes_received, out.bytes_sent);
  EXPECT_EQ(in.packets_lost, 0);
  EXPECT_EQ(in.nack_count, 0U);
  EXPECT_EQ(in.frames_received, 300U);
  EXPECT_EQ(in.key_frames_received, 1U);
  EXPECT_EQ(in.frame_width, 640);
  EXPECT_EQ(in.frame_height, 480);
  EXPECT_EQ(in.ssrc, 0x11111111U);
}

class LossyVideo : public testing::TestWithParam<std::tuple<int, int>> {};

TEST_P(LossyVideo, DeliverEveryFrameIntactByAskingAgain) {
  const auto [percent, seed] = GetParam();
  VideoCall call(static_cast<std::uint64_t>(seed));
  call.send_frames(3, 3000);  // the beginning gets through
  call.wire.loss = percent / 100.0;
  call.wire.jitter = 10ms;
  call.wire.duplicate = 0.02;
  call.obey_key_frame_requests = false;
  call.send_frames(300, 6000);
  call.wire.loss = 0;
  call.send_frames(3, 6000);
  call.step(3s);
  EXPECT_EQ(call.received, 306U);
  const InboundRtpStreamStats in = call.b.stats(call.now).inbound[0];
  EXPECT_GT(in.retransmitted_packets_received, 0U);
  EXPECT_GT(in.packets_lost, 0) << "what is sent again does not hide what was lost";
  EXPECT_GT(call.a.stats(call.now).outbound[0].retransmitted_packets_sent, 0U);
}

INSTANTIATE_TEST_SUITE_P(Loss, LossyVideo, testing::Combine(testing::Values(5, 20), testing::Range(1, 6)));

TEST(VideoStreams, ReorderingAndDuplicatesAreHarmless) {
  VideoCall call(7);
  call.wire.jitter = 60ms;
  call.wire.duplicate = 0.3;
  call.send_frames(300, 6000);
  call.step(2s);
  EXPECT_EQ(call.received, 300U);
  EXPECT_LE(call.b.stats(call.now).inbound[0].frames_dropped, 5U) << "not shown, before the jitter was known";
}

TEST(VideoStreams, AskForAKeyFrameWhenItsBeginningIsLost) {
  VideoCall call;
  call.wire.loss = 1;
  call.send_frames(10, 3000);
  call.wire.loss = 0;
  call.first_timestamp = 0;
  const Timestamp heard = call.now;
  while (call.received == 0 && call.now < heard + 3s) {
    if (call.key_frame_needed) call.first_timestamp = call.number * 3000;
    call.send_frames(1, 3000);
  }
  EXPECT_GT(call.received, 0U);
  EXPECT_EQ(call.key_frames_asked, 1);
  EXPECT_LT(call.now - heard, 300ms);
}

TEST(VideoStreams, AskForAKeyFrameAtMostEvery300Milliseconds) {
  VideoCall call;
  call.obey_key_frame_requests = false;
  call.number = 1;  // no key frame at all
  call.send_frames(60, 3000);
  const double seconds = 60 * 0.033;
  EXPECT_EQ(call.received, 0U);
  EXPECT_GT(call.key_frames_asked, 3);
  EXPECT_LE(call.key_frames_asked, seconds / 0.3 + 1);
  EXPECT_LE(call.b.stats(call.now).inbound[0].pli_count, static_cast<std::uint64_t>(seconds / 0.3 + 1));
}

TEST(VideoStreams, NeverAskASourceThatFellSilent) {
  VideoCall call;
  call.number = 1;
  call.obey_key_frame_requests = false;
  call.send_frames(10, 3000);
  call.step(5s);
  const std::uint64_t before = call.b.stats(call.now).inbound[0].pli_count;
  call.step(60s);
  EXPECT_EQ(call.b.stats(call.now).inbound[0].pli_count, before);
}

TEST(VideoStreams, RecoverByAKeyFrameFromALongOutage) {
  VideoCall call;
  call.send_frames(30, 6000);
  call.wire.loss = 1;
  call.send_frames(300, 6000);  // 10 s, more than can be asked for again
  call.wire.loss = 0;
  call.send_frames(60, 6000);
  call.step(1s);
  EXPECT_GE(call.key_frames.size(), 2U);
  EXPECT_GT(call.received, 30U + 40U);
  EXPECT_EQ(call.last, (call.number - 1) * 3000);
}

TEST(VideoStreams, GoOnWithoutNackByKeyFrames) {
  VideoCall call(3);
  ReceiveStreamConfig config = video_in();
  config.nack = false;
  ASSERT_TRUE(call.b.update_receive_stream(call.in, config));
  call.send_frames(3, 3000);
  call.wire.loss = 0.01;
  call.send_frames(300, 3000);
  call.wire.loss = 0;
  call.send_frames(30, 3000);
  call.step(1s);
  EXPECT_EQ(call.b.stats(call.now).inbound[0].nack_count, 0U);
  EXPECT_GT(call.key_frames.size(), 1U);
  EXPECT_EQ(call.last, (call.number - 1) * 3000);
}

TEST(VideoStreams, SequenceNumbersAndTimestampsWrapUnnoticed) {
  VideoCall call(11);
  call.number = 1'431'000;  // × 3000 is 2 million ticks, 23 s, before the wrap of 32 bits; and no key frame
  call.first_timestamp = call.number * 3000;
  call.key_frame_needed = true;
  call.wire.loss = 0.02;
  call.obey_key_frame_requests = false;
  call.send_frames(3, 3000);
  const std::uint32_t first = call.number;
  call.send_frames(1500, 60'000);  // 80 packets a frame: 120,000 packets pass 65,536 at least once
  call.wire.loss = 0;
  call.send_frames(3, 3000);
  call.step(2s);
  EXPECT_EQ(call.last, (call.number - 1) * 3000);
  EXPECT_GT(call.received, (call.number - first) * 9 / 10);
}

TEST(VideoStreams, ALargeFrameIsSpreadOverTime) {
  VideoCall call;
  std::map<Timestamp, std::size_t> bytes;
  call.filter = [&](const StreamTable::Outgoing& outgoing) {
    bytes[call.now] += outgoing.packet.size();
    return true;
  };
  const std::size_t size = 60'000;
  ASSERT_TRUE(call.a.send_frame(call.out, video_frame(0, true, size), call.now));
  const Timestamp start = call.now;
  call.run(1s);
  // 2.5 × 2 Mbit/s would take 96 ms, and nothing waits for more than 100 ms.
  std::size_t largest = 0;
  Timestamp last{};
  for (const auto& [time, n] : bytes) {
    if (n < 1000) continue;  // reports
    largest = std::max(largest, n);
    last = time;
  }
  EXPECT_LE(largest, 6 * 1200U);
  EXPECT_GT(last - start, 70ms);
  EXPECT_LE(last - start, 105ms);
}

TEST(VideoStreams, AFrameThatDoesNotFitTheQueueIsRefusedAsAWhole) {
  VideoCall call;
  const auto result = call.a.send_frame(call.out, video_frame(0, true, 2'000'000), call.now);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kOperation);
  const auto events = call.take_events(call.a);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<KeyFrameNeeded>(events[0]));
  EXPECT_FALSE(call.a.poll_transmit(call.now));
}

TEST(VideoStreams, AStormOfNacksIsAnsweredWithinABudget) {
  VideoCall call;
  call.send_frames(100, 6000);
  const std::uint64_t before = call.a.stats(call.now).outbound[0].bytes_sent;
  // Everything is asked for, each millisecond, for two seconds.
  Bytes buffer(1500);
  for (int i = 0; i < 2000; ++i) {
    rtp::RtcpWriter writer(buffer);
    std::vector<std::uint16_t> all;
    for (std::uint32_t n = 0; n < 300; ++n)
      all.push_back(static_cast<std::uint16_t>(i * 37 + static_cast<int>(n) * 17));
    ASSERT_TRUE(rtp::write_nack(writer, Ssrc(2), Ssrc(0x11111111), all));
    call.a.handle_rtcp(writer.written(), call.now);
    call.run(1ms);
  }
  const std::uint64_t resent = call.a.stats(call.now).outbound[0].bytes_sent - before;
  EXPECT_GT(resent, 0U);
  EXPECT_LT(resent, 64 * 1024 + 2 * 1'000'000 / 8);  // the burst, and half of 2 Mbit/s for two seconds
}

TEST(VideoStreams, WhatIsOldIsNotRepeated) {
  VideoCall call;
  Bytes buffer(1500);
  const auto repeated_of_all = [&] {
    const std::uint64_t before = call.a.stats(call.now).outbound[0].retransmitted_packets_sent;
    constexpr std::uint32_t kAtOnce = 4096;
    for (std::uint32_t from = 0; from < 65'536; from += kAtOnce) {
      std::vector<std::uint16_t> numbers;
      for (std::uint32_t n = 0; n < kAtOnce; ++n) numbers.push_back(static_cast<std::uint16_t>(from + n));
      rtp::RtcpWriter writer(buffer);
      EXPECT_TRUE(rtp::write_nack(writer, Ssrc(2), Ssrc(0x11111111), numbers));
      call.a.handle_rtcp(writer.written(), call.now);
    }
    call.step(200ms);
    return call.a.stats(call.now).outbound[0].retransmitted_packets_sent - before;
  };
  call.send_frames(10, 3000);
  call.step(2s);
  EXPECT_EQ(repeated_of_all(), 0U);
  call.send_frames(10, 3000);
  EXPECT_GT(repeated_of_all(), 10U);
}

TEST(VideoStreams, ANewSourceTakesTheStreamOver) {
  VideoCall call;
  call.send_frames(10, 3000);
  call.a.remove_stream(call.out, call.now);
  call.out = *call.a.add_send_stream(video_out(Ssrc(0x33333333)), call.now);
  call.run(100ms);
  bool left = false;
  for (const Event& event : call.take_events(call.b)) left |= std::holds_alternative<SourceLeft>(event);
  EXPECT_TRUE(left);
  call.offset.reset();
  call.last.reset();
  call.sent.clear();
  call.first_timestamp = call.number * 3000;
  call.key_frame_needed = true;
  const std::uint32_t before = call.received;
  call.send_frames(10, 3000);
  call.step(200ms);
  EXPECT_EQ(call.received, before + 10);
  EXPECT_EQ(call.b.stats(call.now).inbound[0].ssrc, 0x33333333U);
}

}  // namespace
}  // namespace tidewire::media
