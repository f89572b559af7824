// Feedback by RFC 8888 between two stream tables: packets, repetitions and padding, marked and told of.
#include "media/call_for_test.h"

namespace tidewire::media {
namespace {

rtp::ExtensionMap unnumbered() {
  rtp::ExtensionMap map;
  map.add(ExtensionType::kMid, 4);
  return map;
}

SendStreamConfig by_streams(SendStreamConfig config) {
  config.extensions = unnumbered();
  config.congestion_feedback = true;
  return config;
}
ReceiveStreamConfig by_streams(ReceiveStreamConfig config) {
  config.extensions = unnumbered();
  config.transport_wide_feedback = false;
  config.congestion_feedback = true;
  return config;
}

TEST(CongestionFeedback, TellsOfPacketsAndOfThoseThatAreSentAgain) {
  VideoCall call;
  ASSERT_TRUE(call.a.update_send_stream(call.out, by_streams(video_out())));
  ASSERT_TRUE(call.b.update_receive_stream(call.in, by_streams(video_in())));
  std::uint64_t left = 0;
  std::uint64_t repeated = 0;
  call.filter = [&](const StreamTable::Outgoing& outgoing) {
    if (outgoing.kind == StreamTable::Outgoing::Kind::kRtcp) return true;
    const auto header = rtp::Header::parse(outgoing.packet.bytes());
    EXPECT_FALSE(rtp::read_extensions(*header, extensions()).transport_sequence_number);
    ++left;
    repeated += header->payload_type == kRtxType ? 1 : 0;
    return left % 20 != 0;
  };
  call.send_frames(300, 5000);
  call.step(2s);
  const congestion::SentPacketHistory& sent = call.a.sent_packets();
  EXPECT_GT(repeated, 20U);
  EXPECT_EQ(sent.packets_sent(), left);
  EXPECT_EQ(sent.packets_acknowledged() + sent.packets_lost(), left) << "nothing stays unknown";
  EXPECT_EQ(sent.packets_lost(), left / 20);
  EXPECT_EQ(sent.bytes_in_flight(), 0U);
  EXPECT_GT(call.a.counters().congestion_feedback_received, 50U);
  EXPECT_EQ(call.a.counters().congestion_feedback_received, call.b.counters().congestion_feedback_sent);
  EXPECT_EQ(call.b.counters().transport_feedback_sent, 0U);
  EXPECT_EQ(call.a.stats(call.now).outbound[0].packets_sent_with_ect1, 0U) << "nobody would go by the marks";
  EXPECT_TRUE(call.a.round_trip_time());
}

// Should an answer have taken it for some sections only: their packets have no transport-wide numbers.
TEST(CongestionFeedback, GoesBesideTransportWideFeedbackOfOtherStreams) {
  Call call;
  const StreamId pictures = *call.a.add_send_stream(by_streams(video_out()), call.now);
  SendStreamConfig numbered = audio_out();
  numbered.transport_wide_feedback = true;
  const StreamId sound = *call.a.add_send_stream(numbered, call.now);
  ASSERT_TRUE(call.b.add_receive_stream(by_streams(video_in()), call.now));
  ASSERT_TRUE(call.b.add_receive_stream(audio_in(), call.now));
  for (std::uint32_t i = 0; i < 100; ++i) {
    ASSERT_TRUE(call.a.send_frame(sound, audio_frame(i), call.now));
    ASSERT_TRUE(call.a.send_frame(pictures, video_frame(i, i == 0, 3000), call.now));
    call.run(20ms);
  }
  call.run(1s);
  const congestion::SentPacketHistory& sent = call.a.sent_packets();
  EXPECT_GT(call.a.counters().congestion_feedback_received, 0U);
  EXPECT_GT(call.a.counters().transport_feedback_received, 0U);
  EXPECT_EQ(sent.packets_lost(), 0U) << "what one kind does not speak of is not lost";
  EXPECT_GE(sent.packets_acknowledged() + 5, sent.packets_sent());
}

TEST(CongestionFeedback, MarksAllThatLeavesPaddingIncluded) {
  PacketPool pool;
  StreamTable table({.cname = "a", .congestion_control = CongestionControl::kTidewire}, pool,
                    crypto::Random::from_test_seed(1));
  Timestamp now{1s};
  const StreamId out = *table.add_send_stream(by_streams(video_out()), now);
  ASSERT_TRUE(table.send_frame(out, video_frame(0, true, 5000), now));
  std::uint64_t left = 0;
  std::uint64_t in_second_stream = 0;
  for (const Timestamp end = now + 300ms; now < end; now += 1ms) {
    table.handle_timeout(now);
    while (auto outgoing = table.poll_transmit(now)) {
      if (outgoing->kind == StreamTable::Outgoing::Kind::kRtcp) {
        EXPECT_EQ(outgoing->packet.ecn(), Ecn::kNotEct);
        continue;
      }
      ++left;
      in_second_stream += rtp::Header::parse(outgoing->packet.bytes())->payload_type == kRtxType ? 1 : 0;
      EXPECT_EQ(outgoing->packet.ecn(), Ecn::kEct1);
    }
  }
  EXPECT_GT(in_second_stream, 0U) << "padding, for a probe";
  EXPECT_EQ(table.sent_packets().packets_sent(), left);
  EXPECT_EQ(table.stats(now).outbound[0].packets_sent_with_ect1, left);
}

TEST(CongestionFeedback, MarksNothingWhereOnlyTransportWideFeedbackComes) {
  PacketPool pool;
  StreamTable table({.cname = "a", .congestion_control = CongestionControl::kTidewire}, pool,
                    crypto::Random::from_test_seed(1));
  Timestamp now{1s};
  SendStreamConfig config = video_out();
  config.transport_wide_feedback = true;
  const StreamId out = *table.add_send_stream(config, now);
  ASSERT_TRUE(table.send_frame(out, video_frame(0, true, 5000), now));
  std::uint64_t left = 0;
  for (const Timestamp end = now + 100ms; now < end; now += 1ms) {
    table.handle_timeout(now);
    while (auto outgoing = table.poll_transmit(now)) {
      left += outgoing->kind == StreamTable::Outgoing::Kind::kRtp ? 1 : 0;
      EXPECT_EQ(outgoing->packet.ecn(), Ecn::kNotEct);
    }
  }
  EXPECT_GT(left, 0U);
}

TEST(CongestionFeedback, CountsTheMarksThatCome) {
  Call call;
  ASSERT_TRUE(call.b.add_receive_stream(by_streams(audio_in()), call.now));
  const StreamId out = *call.a.add_send_stream(by_streams(audio_out()), call.now);
  for (std::uint32_t i = 0; i < 30; ++i) {
    ASSERT_TRUE(call.a.send_frame(out, audio_frame(i), call.now));
    while (auto outgoing = call.a.poll_transmit(call.now)) {
      if (outgoing->kind == StreamTable::Outgoing::Kind::kRtcp) continue;
      outgoing->packet.set_ecn(i % 10 == 0 ? Ecn::kCe : Ecn::kEct1);
      call.b.handle_rtp(std::move(outgoing->packet), call.now);
    }
    call.run(20ms);
  }
  const InboundRtpStreamStats stats = call.b.stats(call.now).inbound.at(0);
  EXPECT_EQ(stats.packets_received_with_ce, 3U);
  EXPECT_EQ(stats.packets_received_with_ect1, 27U);
}

}  // namespace
}  // namespace tidewire::media
