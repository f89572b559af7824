// Streams of two tables through a lossy wire in virtual time.
#include "media/stream_table.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <random>
#include <set>

#include "media/vp8.h"

namespace tidewire::media {
namespace {

using namespace std::chrono_literals;
using rtp::ExtensionType;
using rtp::PayloadType;
using rtp::Ssrc;

constexpr PayloadType kVp8Type{96};
constexpr PayloadType kRtxType{97};
constexpr PayloadType kOpusType{111};

rtp::ExtensionMap extensions() {
  rtp::ExtensionMap map;
  map.add(ExtensionType::kMid, 4);
  map.add(ExtensionType::kTransportSequenceNumber, 3);
  map.add(ExtensionType::kAbsoluteSendTime, 2);
  return map;
}

SendStreamConfig video_out(Ssrc ssrc = Ssrc(0x11111111)) {
  return {.ssrc = ssrc,
          .payload_type = kVp8Type,
          .mid = "v",
          .extensions = extensions(),
          .rtx = RtxConfig{Ssrc(ssrc.value() + 1), kRtxType},
          .target_bitrate = 2'000'000};
}
ReceiveStreamConfig video_in() {
  return {.mid = "v", .codecs = {{kVp8Type, CodecType::kVp8, kRtxType}}, .extensions = extensions()};
}
SendStreamConfig audio_out() {
  return {.codec = CodecType::kOpus,
          .ssrc = Ssrc(0x22222222),
          .payload_type = kOpusType,
          .mid = "a",
          .extensions = extensions(),
          .nack = false,
          .target_bitrate = 32'000};
}
ReceiveStreamConfig audio_in() {
  return {.kind = MediaKind::kAudio,
          .mid = "a",
          .codecs = {{kOpusType, CodecType::kOpus, std::nullopt}},
          .extensions = extensions(),
          .nack = false,
          .picture_loss_indication = false};
}

// A frame whose bytes follow from its number, so that the receiver can tell that it is whole.
EncodedFrame video_frame(std::uint32_t number, bool key, std::size_t size) {
  EncodedFrame frame;
  frame.payload.resize(std::max<std::size_t>(size, 16));
  for (std::size_t i = 10; i < frame.payload.size(); ++i) {
    frame.payload[i] = static_cast<std::uint8_t>(number * 31 + i * 7);
  }
  const Bytes head = key ? Bytes{0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01} : Bytes{0x11};
  std::copy(head.begin(), head.end(), frame.payload.begin());
  frame.rtp_timestamp = number * 3000;
  frame.key_frame = key;
  return frame;
}

EncodedFrame audio_frame(std::uint32_t number) {
  EncodedFrame frame;
  frame.codec = CodecType::kOpus;
  frame.payload = {0x78, static_cast<std::uint8_t>(number), static_cast<std::uint8_t>(number >> 8), 9};  // 20 ms
  frame.rtp_timestamp = number * 960;
  frame.key_frame = true;
  return frame;
}

struct Wire {
  double loss = 0;
  double duplicate = 0;
  Duration delay = 25ms;
  Duration jitter = 0ms;
};

class Call {
 public:
  explicit Call(std::uint64_t seed = 1)
      : random_(seed),
        a({.local_ssrc = Ssrc(1), .cname = "a", .wall_clock = {Timestamp{}, {1'700'000'000s}}}, pool,
          crypto::Random::from_test_seed(seed)),
        b({.local_ssrc = Ssrc(2), .cname = "b", .wall_clock = {Timestamp{}, {1'700'000'100s}}}, pool,
          crypto::Random::from_test_seed(seed + 1000)) {}

  // Lets time pass, in steps to whatever is due next, and at most `step`.
  void run(Duration time) {
    for (const Timestamp end = now + time; now < end;) {
      carry();
      Timestamp next = std::min({end, a.next_timeout(), b.next_timeout()});
      if (!in_flight_.empty()) next = std::min(next, in_flight_.begin()->first);
      now = std::max(next, now + 100us);
      while (!in_flight_.empty() && in_flight_.begin()->first <= now) {
        auto node = in_flight_.extract(in_flight_.begin());
        deliver(std::move(node.mapped()));
      }
      a.handle_timeout(now);
      b.handle_timeout(now);
    }
    carry();
  }

  std::vector<Event> take_events(StreamTable& table) {
    std::vector<Event> events;
    while (auto event = table.poll_event()) events.push_back(std::move(*event));
    return events;
  }

  std::mt19937_64 random_;
  PacketPool pool;
  Timestamp now{1s};
  StreamTable a;
  StreamTable b;
  Wire wire;
  // Looks at each packet that leaves a; false drops it.
  std::function<bool(const StreamTable::Outgoing&)> filter;

 private:
  struct InFlight {
    StreamTable* to;
    StreamTable::Outgoing outgoing;
  };

  bool chance(double p) { return static_cast<double>(random_() % 1'000'000) < p * 1e6; }

  void carry() {
    while (auto outgoing = a.poll_transmit(now)) {
      if (!filter || filter(*outgoing)) send(b, std::move(*outgoing));
    }
    while (auto outgoing = b.poll_transmit(now)) send(a, std::move(*outgoing));
  }

  void send(StreamTable& to, StreamTable::Outgoing outgoing) {
    if (chance(wire.loss)) return;
    const auto arrival = [&] {
      const auto jitter = wire.jitter.count() == 0 ? 0 : random_() % static_cast<std::uint64_t>(wire.jitter.count());
      return now + wire.delay + Duration{static_cast<std::int64_t>(jitter)};
    };
    if (chance(wire.duplicate)) {
      in_flight_.emplace(arrival(), InFlight{&to, {outgoing.kind, pool.copy_of(outgoing.packet.bytes())}});
    }
    in_flight_.emplace(arrival(), InFlight{&to, std::move(outgoing)});
  }

  void deliver(InFlight item) {
    if (item.outgoing.kind == StreamTable::Outgoing::Kind::kRtcp) {
      item.to->handle_rtcp(item.outgoing.packet.bytes(), now);
    } else {
      item.to->handle_rtp(std::move(item.outgoing.packet), now);
    }
  }

  std::multimap<Timestamp, InFlight> in_flight_;
};

// Sends pictures from a to b, at 30 a second, and keeps what came.
struct VideoCall : Call {
  explicit VideoCall(std::uint64_t seed = 1) : Call(seed) {
    out = *a.add_send_stream(video_out(), now);
    in = *b.add_receive_stream(video_in(), now);
  }

  void send_frames(std::uint32_t count, std::size_t size, Duration interval = 33ms) {
    for (std::uint32_t i = 0; i < count; ++i) {
      const bool key = number == 0 || std::exchange(key_frame_needed, false);
      if (key) key_frames.insert(number);
      const EncodedFrame frame = video_frame(number++, key, key ? size * 8 : size);
      sent[frame.rtp_timestamp] = frame.payload;
      (void)a.send_frame(out, frame, now);
      step(interval);
    }
  }

  void step(Duration time) {
    run(time);
    for (const Event& event : take_events(a)) {
      if (!std::holds_alternative<KeyFrameNeeded>(event)) continue;
      key_frame_needed = obey_key_frame_requests;
      ++key_frames_asked;
    }
    for (Event& event : take_events(b)) {
      if (auto* arrived = std::get_if<FrameReceived>(&event)) check(arrived->frame);
    }
  }

  void check(const EncodedFrame& frame) {
    // Timestamps got a random offset on their way: the first frame tells it.
    if (!offset) offset = frame.rtp_timestamp - (sent.empty() ? 0 : first_timestamp);
    const std::uint32_t timestamp = frame.rtp_timestamp - *offset;
    ASSERT_TRUE(sent.contains(timestamp));
    ASSERT_EQ(frame.payload, sent[timestamp]);
    ASSERT_TRUE(!last || static_cast<std::int32_t>(timestamp - *last) > 0) << "frames out of order";
    const bool follows = last && timestamp == *last + 3000;
    ASSERT_TRUE(frame.key_frame || follows) << "a delta frame without the frame before it";
    last = timestamp;
    ++received;
  }

  StreamId out, in;
  std::uint32_t number = 0;
  std::uint32_t first_timestamp = 0;
  bool key_frame_needed = false;
  bool obey_key_frame_requests = true;
  int key_frames_asked = 0;
  std::set<std::uint32_t> key_frames;
  std::map<std::uint32_t, Bytes> sent;
  std::optional<std::uint32_t> offset;
  std::optional<std::uint32_t> last;
  std::uint32_t received = 0;
};

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
  EXPECT_EQ(call.b.stats(call.now).inbound[0].frames_dropped, 0U);
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

// --- sound ---

struct AudioCall : Call {
  explicit AudioCall(std::uint64_t seed = 1) : Call(seed) {
    out = *a.add_send_stream(audio_out(), now);
    in = *b.add_receive_stream(audio_in(), now);
  }
  void send_frames(std::uint32_t count, Duration interval = 20ms) {
    for (std::uint32_t i = 0; i < count; ++i) {
      ASSERT_TRUE(a.send_frame(out, audio_frame(number++), now));
      step(interval);
    }
  }
  void step(Duration time) {
    run(time);
    for (Event& event : take_events(b)) {
      auto* playout = std::get_if<AudioPlayout>(&event);
      if (!playout) continue;
      if (last_due) {
        gap = std::max(gap, playout->due - *last_due - last_duration);
      }
      last_due = playout->due;
      last_duration = playout->duration;
      ++(playout->frame ? played : concealed);
      if (!playout->frame) continue;
      const int n = playout->frame->payload[1] | playout->frame->payload[2] << 8;
      ASSERT_GT(n, last_played);
      last_played = n;
    }
  }

  StreamId out, in;
  std::uint32_t number = 0;
  int played = 0;
  int concealed = 0;
  int last_played = -1;
  Duration gap{};
  Duration last_duration{};
  std::optional<Timestamp> last_due;
};

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
  EXPECT_NEAR(call.concealed, 50, 25);
  EXPECT_EQ(call.played + call.concealed, 511);
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
  EXPECT_GE(call.concealed, 20);
}

TEST(AudioStreams, StopTheClockWhenTheSourceStops) {
  AudioCall call;
  call.send_frames(50);
  call.step(10s);
  EXPECT_EQ(call.concealed, 50);  // one second of it
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

}  // namespace
}  // namespace tidewire::media
