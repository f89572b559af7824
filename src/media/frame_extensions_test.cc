// What header extensions say about frames, from one table to the other.
#include <gtest/gtest.h>

#include <vector>

#include "media/smooth_call_for_test.h"

namespace tidewire::media {
namespace {

rtp::Extensions extensions_of(const Packet& packet) {
  return rtp::read_extensions(*rtp::Header::parse(packet.bytes()), SmoothCall::all_extensions());
}

TEST(FrameExtensions, OrientationArrivesWithItsFrame) {
  SmoothCall call;
  call.path = {.delay = 20ms, .loss = 0.05};  // repeated packets say it, too
  int number = 0;
  std::map<Timestamp, int> rotations;
  call.change_frame = [&](EncodedFrame& frame) {
    frame.rotation = number++ / 20 % 4 * 90;
    rotations[call.now] = frame.rotation;
  };
  call.run(20s);
  ASSERT_GT(call.shown.size(), 500U);
  for (const auto& shown : call.shown) ASSERT_EQ(shown.frame.rotation, rotations[shown.captured]);
}

TEST(FrameExtensions, OrientationStandsOnTheLastPacketOfKeyFramesAndWhereItMatters) {
  SmoothCall call;
  int with = 0;
  int without = 0;
  call.change_packet = [&](Packet& packet) {
    const bool last = rtp::Header::parse(packet.bytes())->marker;
    const bool has = extensions_of(packet).video_orientation.has_value();
    EXPECT_TRUE(last || !has);
    if (last) ++(has ? with : without);
  };
  call.run(1s);
  EXPECT_EQ(with, 1) << "the key frame, and no other as long as all is upright";
  EXPECT_GT(without, 20);
  call.change_frame = [](EncodedFrame& frame) { frame.rotation = 180; };
  with = without = 0;
  call.run(1s);
  EXPECT_EQ(without, 0);
  call.change_frame = nullptr;
  call.run(1s);
  EXPECT_GT(without, 20);
  EXPECT_EQ(call.shown.back().frame.rotation, 0);
}

TEST(FrameExtensions, HostileOrientationIsOneOfFour) {
  SmoothCall call;
  std::mt19937 random(1);
  call.change_frame = [](EncodedFrame& frame) { frame.rotation = 90; };
  call.change_packet = [&](Packet& packet) {
    const auto header = rtp::Header::parse(packet.bytes());
    const auto data = header->find_extension(5);
    if (!data || data->empty()) return;
    packet.data()[data->data() - packet.data()] = static_cast<std::uint8_t>(random());
  };
  call.run(3s);
  ASSERT_GT(call.shown.size(), 80U);
  for (const auto& shown : call.shown) {
    ASSERT_TRUE(shown.frame.rotation % 90 == 0 && shown.frame.rotation >= 0 && shown.frame.rotation < 360);
  }
}

TEST(FrameExtensions, PlayoutDelayOfTheSenderIsObeyed) {
  SmoothCall call;
  rtp::PlayoutDelay wanted{300ms, 400ms};
  // A sender that writes it: the packets of ours are written anew.
  call.change_packet = [&](Packet& packet) {
    const auto view = rtp::PacketView::parse(packet.bytes());
    rtp::Extensions extensions = extensions_of(packet);
    extensions.playout_delay = wanted;
    Packet written = call.pool.copy_of(view->payload);
    const rtp::HeaderFields fields{view->header.marker, view->header.payload_type, view->header.sequence_number,
                                   view->header.timestamp, view->header.ssrc};
    ASSERT_TRUE(rtp::write_header(written, fields, extensions, SmoothCall::all_extensions()));
    packet = std::move(written);
  };
  call.run(3s);
  call.reset_view();
  call.run(1s);
  EXPECT_NEAR(call.latency_ms(0.5), 310, 6);
  wanted = {};
  call.path.jitter = 50ms;
  call.run(8s);
  call.reset_view();
  call.run(5s);
  EXPECT_LE(call.latency_ms(0.1), 50) << "no waiting: frames come as they come";
  EXPECT_GT(call.judder_ms(0.5), 3);
  wanted = {40'950ms, 40'950ms};
  call.run(10s);
  call.reset_view();
  call.run(5s);
  ASSERT_FALSE(call.shown.empty());
  EXPECT_LE(call.latency_ms(1), 4100);
}

TEST(FrameExtensions, CaptureTimeIsToldOnceASecondOnAFirstPacket) {
  SmoothCall call;
  std::vector<Timestamp> told;
  bool first = true;
  call.change_packet = [&](Packet& packet) {
    const auto time = extensions_of(packet).absolute_capture_time;
    if (time) {
      EXPECT_TRUE(first);
      const Duration apart = rtp::to_unix(time->captured).since_epoch - 1'700'000'000s - call.now.time_since_epoch();
      EXPECT_LE(std::chrono::abs(apart), 1ms);
      told.push_back(call.now);
    }
    first = rtp::Header::parse(packet.bytes())->marker;
  };
  call.run(5s);
  ASSERT_EQ(told.size(), 5U);
  EXPECT_GE(told[1] - told[0], 1s);
}

TEST(FrameExtensions, AudioLevelIsWrittenWhereItIsKnown) {
  PacketPool pool;
  StreamTable table({.local_ssrc = Ssrc(1), .cname = "a"}, pool, crypto::Random::from_test_seed(1));
  SendStreamConfig config = audio_out();
  config.extensions.add(ExtensionType::kAudioLevel, 1);
  const StreamId stream = *table.add_send_stream(config, Timestamp{1s});
  struct Case {
    std::optional<int> level;
    bool voice;
    std::optional<rtp::AudioLevel> written;
  };
  std::uint32_t number = 0;
  for (const Case& c : {Case{-30, true, rtp::AudioLevel{true, 30}}, Case{-127, false, rtp::AudioLevel{false, 127}},
                        Case{-500, false, rtp::AudioLevel{false, 127}}, Case{5, true, rtp::AudioLevel{true, 0}},
                        Case{std::nullopt, true, std::nullopt}}) {
    EncodedFrame frame = audio_frame(number++);
    frame.audio_level_dbov = c.level;
    frame.voice_activity = c.voice;
    ASSERT_TRUE(table.send_frame(stream, frame, Timestamp{1s}));
    const auto outgoing = table.poll_transmit(Timestamp{1s});
    ASSERT_TRUE(outgoing);
    const auto header = rtp::Header::parse(outgoing->packet.bytes());
    EXPECT_EQ(rtp::read_extensions(*header, config.extensions).audio_level, c.written);
  }
}

TEST(FrameExtensions, PacketsStayWithinTheirSize) {
  SmoothCall call;
  SendStreamConfig config = video_out();
  config.extensions = SmoothCall::all_extensions();
  config.extensions.add(ExtensionType::kRtpStreamId, 20);  // two-byte elements
  config.mid = "a-mid-of-twenty-chars";
  config.rtp_stream_id = "high-resolution";
  ASSERT_TRUE(call.a.update_send_stream(call.video_sender, config));
  std::size_t largest = 0;
  call.change_packet = [&](Packet& packet) { largest = std::max(largest, packet.size()); };
  call.change_frame = [](EncodedFrame& frame) { frame.rotation = 90; };
  call.path.loss = 0.05;  // repetitions are longer
  call.run(5s);
  EXPECT_LE(largest, config.max_packet_size);
  EXPECT_GE(largest, config.max_packet_size - 60) << "and use it";
}

}  // namespace
}  // namespace tidewire::media
