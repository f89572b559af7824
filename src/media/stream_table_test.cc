// What a table does beside its streams: reports, feedback, limits, garbage.
#include "media/stream_table.h"

#include <gtest/gtest.h>

#include "media/call_for_test.h"

namespace tidewire::media {
namespace {

TEST(StreamTable, PacketsAreNotAllocatedInTheSteadyState) {
  VideoCall call;
  call.send_frames(400, 6000);  // fills the history
  const std::uint64_t before = call.pool.allocations();
  call.send_frames(300, 6000);
  EXPECT_EQ(call.pool.allocations(), before);
}

TEST(StreamTable, ReportsCarryLossJitterAndRoundTrip) {
  VideoCall call;
  call.wire.delay = 40ms;
  call.wire.loss = 0.1;
  ASSERT_TRUE(call.b.add_send_stream(audio_out(), call.now));  // b sends nothing: its reports are RRs
  call.send_frames(150, 6000);
  const RtpStats a = call.a.stats(call.now);
  ASSERT_EQ(a.remote_inbound.size(), 1U);
  EXPECT_GT(a.remote_inbound[0].fraction_lost, 0.01);
  ASSERT_TRUE(a.remote_inbound[0].round_trip_time);
  EXPECT_NEAR(std::chrono::duration<double>(*a.remote_inbound[0].round_trip_time).count(), 0.080, 0.002);
  ASSERT_TRUE(call.a.round_trip_time());
  const RtpStats b = call.b.stats(call.now);
  ASSERT_EQ(b.remote_outbound.size(), 1U);
  EXPECT_GT(b.remote_outbound[0].packets_sent, 500U);
  const UnixTime reported = b.remote_outbound[0].remote_timestamp;
  EXPECT_LT(call.now.time_since_epoch() + 1'700'000'000s - reported.since_epoch, 3s);
}

TEST(StreamTable, TransportWideFeedbackTellsWhatArrived) {
  VideoCall call;
  std::size_t left = 0;
  call.filter = [&](const StreamTable::Outgoing&) { return ++left < 5 || left > 600 || left % 10 != 0; };
  call.send_frames(100, 6000);
  call.send_frames(20, 6000);
  call.step(1s);
  const auto& sent = call.a.sent_packets();
  EXPECT_GT(sent.packets_sent(), 500U);
  EXPECT_EQ(sent.packets_acknowledged() + sent.packets_lost(), sent.packets_sent());
  EXPECT_NEAR(static_cast<double>(sent.packets_lost()) / static_cast<double>(sent.packets_sent()), 0.1, 0.04);
  EXPECT_GT(call.a.counters().transport_feedback_received, 20U);
}

TEST(StreamTable, FeedbackFollowsAReportUnlessReducedSizeIsNegotiated) {
  for (const bool reduced : {false, true}) {
    VideoCall call;
    call.b.set_reduced_size_rtcp(reduced);
    (void)call.a.send_frame(call.out, video_frame(1, false, 500), call.now);
    bool seen = false;
    for (int i = 0; i < 100 && !seen; ++i) {
      while (auto packet = call.a.poll_transmit(call.now)) {
        if (packet->kind == StreamTable::Outgoing::Kind::kRtp) call.b.handle_rtp(std::move(packet->packet), call.now);
      }
      call.now += 1ms;
      call.b.handle_timeout(call.now);
      while (auto packet = call.b.poll_transmit(call.now)) {
        rtp::RtcpReader reader(packet->packet.bytes());
        std::vector<rtp::RtcpType> types;
        while (const auto part = reader.next()) types.push_back(part->type);
        if (types.back() != rtp::RtcpType::kPayloadFeedback) continue;
        seen = true;
        EXPECT_EQ(types.size(), reduced ? 1U : 3U);
        EXPECT_EQ(types.front(), reduced ? rtp::RtcpType::kPayloadFeedback : rtp::RtcpType::kReceiverReport);
      }
    }
    EXPECT_TRUE(seen);
  }
}

TEST(StreamTable, RefusesWhatItCannotHold) {
  Call call;
  ASSERT_TRUE(call.a.add_send_stream(video_out(), call.now));
  EXPECT_EQ(call.a.add_send_stream(video_out(), call.now).error().code, ErrorCode::kInvalidModification);
  SendStreamConfig long_mid = video_out(Ssrc(5));
  long_mid.mid = std::string(100, 'x');
  EXPECT_EQ(call.a.add_send_stream(long_mid, call.now).error().code, ErrorCode::kType);
  EXPECT_EQ(call.a.send_frame(StreamId(99), video_frame(0, true, 10), call.now).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(call.a.update_receive_stream(StreamId(1), video_in()).error().code, ErrorCode::kNotFound);
  for (std::uint32_t i = 0; i < StreamTable::kMaxStreams; ++i) {
    ASSERT_TRUE(call.b.add_receive_stream(video_in(), call.now));
  }
  EXPECT_EQ(call.b.add_receive_stream(video_in(), call.now).error().code, ErrorCode::kOperation);
}

TEST(StreamTable, NothingLeavesAfterClosingButTheGoodbye) {
  VideoCall call;
  call.send_frames(10, 3000);
  (void)call.a.send_frame(call.out, video_frame(10, false, 3000), call.now);
  call.a.close(call.now);
  const auto goodbye = call.a.poll_transmit(call.now);
  ASSERT_TRUE(goodbye);
  EXPECT_EQ(goodbye->kind, StreamTable::Outgoing::Kind::kRtcp);
  EXPECT_FALSE(call.a.poll_transmit(call.now + 1s));
  EXPECT_EQ(call.a.next_timeout(), kNever);
}

TEST(StreamTable, GarbageIsCountedAndDropped) {
  VideoCall call;
  call.send_frames(5, 3000);
  std::mt19937_64 random(5);
  for (int i = 0; i < 20'000; ++i) {
    Bytes bytes(random() % 80);
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
    if (bytes.size() > 12 && i % 2 == 0) {  // close to something that is ours
      bytes[0] = static_cast<std::uint8_t>(0x80 | (bytes[0] & 0x3f));
      bytes[1] = 96;
      for (std::size_t k = 8; k < 12; ++k) bytes[k] = 0x11;
    }
    if (i % 3 == 0) {
      call.b.handle_rtcp(bytes, call.now);
      call.a.handle_rtcp(bytes, call.now);
    } else {
      call.b.handle_rtp(call.pool.copy_of(bytes), call.now);
    }
    if (i % 16 == 0) call.step(1ms);
    if (testing::Test::HasFatalFailure()) break;
  }
  const auto& counters = call.b.counters();
  EXPECT_GT(counters.rtp_malformed, 0U);
  EXPECT_GT(counters.rtcp_malformed, 0U);
}

}  // namespace
}  // namespace tidewire::media
