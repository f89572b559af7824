// Several encodings of one picture, and streams in layers, under loss.
#include "media_call.h"

namespace tidewire::scenario {
namespace {

struct Simulcast : testing::Test {
  static MediaCallOptions three(double loss) {
    MediaCallOptions options;
    options.video_encodings = {{.rid = "q"}, {.rid = "h"}, {.rid = "f"}};
    options.call.link.loss = loss / 2;
    return options;
  }
  static std::map<std::string, std::uint64_t> run(MediaCall& call, Duration time) {
    call.bob.video_frames_of.clear();
    call.simulation.run_for(time);
    return call.bob.video_frames_of;
  }
};

TEST_F(Simulcast, EachEncodingArrivesUnderItsRidAndIsRepairedUnderLoss) {
  MediaCall call(three(0.02));
  call.alice.video_frame_size = 8000;
  ASSERT_TRUE(call.run_until_settled()) << call.describe();
  const auto frames = run(call, 30s);
  ASSERT_EQ(frames.size(), 3U);
  for (const std::string rid : {"q", "h", "f"}) {
    ASSERT_TRUE(frames.contains(rid)) << rid;
    // 909 are made.
    EXPECT_GT(frames.at(rid), 895U) << rid;
  }
  EXPECT_EQ(call.bob.damaged_frames, 0U);
  int streams = 0;
  for (const InboundRtpStreamStats& stream : call.bob.session.stats(call.now()).rtp.inbound) {
    if (stream.kind != MediaKind::kVideo) continue;
    ++streams;
    EXPECT_GT(stream.retransmitted_packets_received, 0U) << stream.ssrc;
    EXPECT_LE(stream.freeze_count, 1U);
  }
  EXPECT_EQ(streams, 3);
}

TEST_F(Simulcast, AnEncodingThatIsSwitchedOffStopsAndTheOthersGoOn) {
  MediaCall call(three(0));
  ASSERT_TRUE(call.run_until_settled()) << call.describe();
  const auto set_active = [&](std::size_t index, bool active) {
    RtpSendParameters parameters = call.alice.session.send_parameters(call.alice_video);
    parameters.encodings.at(index).active = active;
    call.alice.session.set_send_parameters(call.alice_video, parameters, call.now()).value();
    call.simulation.run_for(500ms);  // what was on its way has come
  };
  set_active(2, false);
  auto frames = run(call, 3s);
  EXPECT_GT(frames["q"], 85U);
  EXPECT_GT(frames["h"], 85U);
  EXPECT_EQ(frames["f"], 0U);
  set_active(2, true);
  frames = run(call, 3s);
  EXPECT_GT(frames["f"], 85U);
}

// The lower layers' packets are whole and short, the upper ones' longer than any of theirs.
TEST(TemporalLayers, TheLowerLayersGoOnWithoutTheUpperOnes) {
  MediaCall call;
  call.alice.fake_media.layers = *ScalabilityMode::parse("L1T3");
  call.alice.video_frame_size = 1000;
  ASSERT_TRUE(call.run_until_settled()) << call.describe();
  const auto before = MediaCall::inbound(call.bob, MediaKind::kVideo, call.now());
  call.bob.video_frames_of.clear();
  // Upper pictures have 500 bytes, lower ones 1000, with some 60 of headers; sound is below 200.
  std::uint64_t lost = 0;
  call.alice.loses = [&](const Datagram& datagram) {
    const bool upper = datagram.packet.size() > 500 && datagram.packet.size() < 700;
    lost += upper ? 1 : 0;
    return upper;
  };
  call.simulation.run_for(20s);
  const auto after = MediaCall::inbound(call.bob, MediaKind::kVideo, call.now());
  EXPECT_GT(lost, 290U);
  // Half of 606.
  EXPECT_GT(call.bob.video_frames_of[""], 290U);
  EXPECT_EQ(after.freeze_count, before.freeze_count);
  EXPECT_EQ(after.key_frames_received, before.key_frames_received) << "a key frame was asked for in vain";
  EXPECT_EQ(call.bob.damaged_frames, 0U);
}

}  // namespace
}  // namespace tidewire::scenario
