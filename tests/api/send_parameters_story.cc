// What is sent changes during a call, without an offer: sizes, encodings, codecs and tracks.
#include <algorithm>
#include <atomic>

#include "devices/test_picture.h"
#include "two_peers.h"

namespace tidewire::api {
namespace {

// Alice sends her camera, Bob looks.
struct Camera : testing::Test {
  // On a busy machine, too, pictures are to have the size that the story is about.
  TwoPeers peers{{.include_loopback = true, .cpu_adaptation = false}};
  std::shared_ptr<MediaStreamTrack> camera =
      open_synthetic_camera({.width = 640, .height = 480, .name = "Alice"}).value();
  std::shared_ptr<RtpSender> sender;
  std::atomic<int> width = 0;
  std::atomic<int> pictures = 0;
  std::function<bool()> done = [] { return false; };
  std::vector<Subscription> subscriptions;

  void start(std::vector<RtpEncodingParameters> encodings) {
    const auto transceiver = peers.alice
                                 .add_transceiver(MediaKind::kVideo, {.direction = RtpTransceiverDirection::kSendonly,
                                                                      .send_encodings = std::move(encodings)})
                                 .value();
    sender = transceiver->sender();
    sender->replace_track(camera).value();
    peers.bob.on_track = [this](const TrackEvent& event) {
      subscriptions.push_back(event.track->add_video_sink([this](const VideoFrame& frame) {
        width = frame.width();
        ++pictures;
        peers.loop.post([this] {
          if (done()) peers.loop.stop();
        });
      }));
    };
    peers.negotiate();
  }

  // Runs until Bob sees pictures for which that holds.
  [[nodiscard]] bool until(std::function<bool()> condition) {
    done = std::move(condition);
    return peers.run();
  }

  CodecType received_codec() { return peers.bob.get_stats().rtp.inbound.at(0).codec; }
};

TEST_F(Camera, IsSeenInTheSizeThatTheParametersSay) {
  start({});
  ASSERT_TRUE(until([&] { return width == 640; }));
  RtpSendParameters parameters = sender->parameters();
  ASSERT_EQ(parameters.encodings.size(), 1U);
  EXPECT_EQ(parameters.codecs.at(0).codec.mime_type, "video/VP8");
  parameters.encodings[0].scale_resolution_down_by = 2.0;
  sender->set_parameters(parameters).value();
  EXPECT_TRUE(until([&] { return width == 320; })) << width;
  EXPECT_EQ(sender->set_parameters(parameters).error().code, ErrorCode::kInvalidState) << "they are out of date";
}

TEST_F(Camera, ChangesItsCodecWithoutAnOffer) {
  start({});
  ASSERT_TRUE(until([&] { return pictures > 5; }));
  int offers = 0;
  peers.alice.on_negotiation_needed = [&] { ++offers; };
  for (const CodecType codec : {CodecType::kVp9, CodecType::kH264, CodecType::kAv1, CodecType::kVp8}) {
    RtpSendParameters parameters = sender->parameters();
    const auto wanted = std::ranges::find(parameters.codecs, "video/" + std::string(to_string(codec)),
                                          [](const RtpCodecParameters& c) { return c.codec.mime_type; });
    ASSERT_NE(wanted, parameters.codecs.end());
    parameters.encodings[0].codec = wanted->codec;
    sender->set_parameters(parameters).value();
    pictures = 0;
    EXPECT_TRUE(until([&] { return received_codec() == codec && pictures > 5; })) << to_string(codec);
  }
  EXPECT_EQ(offers, 0);
}

TEST_F(Camera, InSeveralSizesIsSeenInTheLargestThatComes) {
  start({{.rid = "q"}, {.rid = "h"}, {.rid = "f"}});
  ASSERT_TRUE(until([&] { return width == 640; })) << width;
  EXPECT_EQ(peers.bob.get_stats().rtp.inbound.size(), 3U);
  RtpSendParameters parameters = sender->parameters();
  ASSERT_EQ(parameters.encodings.size(), 3U);
  parameters.encodings[2].active = false;
  sender->set_parameters(parameters).value();
  EXPECT_TRUE(until([&] { return width == 320; })) << width;
  parameters = sender->parameters();
  parameters.encodings[2].active = true;
  sender->set_parameters(parameters).value();
  EXPECT_TRUE(until([&] { return width == 640; })) << width;
}

TEST_F(Camera, MayBeReplacedAndTurnedOff) {
  start({});
  ASSERT_TRUE(until([&] { return width == 640; }));
  EXPECT_FALSE(peers.bob.transceivers().at(0)->receiver()->track()->muted());
  const auto other = open_synthetic_camera({.width = 320, .height = 240, .name = "Eve"}).value();
  sender->replace_track(other).value();
  EXPECT_TRUE(until([&] { return width == 320; }));
  // W3C: a disabled track is black, and goes on.
  std::atomic<int> dark = 0;
  subscriptions.push_back(peers.bob.transceivers().at(0)->receiver()->track()->add_video_sink(
      [&](const VideoFrame& frame) { dark = frame.buffer->y()[0] < 20 ? dark + 1 : 0; }));
  other->set_enabled(false);
  EXPECT_TRUE(until([&] { return dark > 3; }));
}

TEST_F(Camera, RefusesParametersThatMakeNoSense) {
  start({{.rid = "a"}, {.rid = "b"}});
  const auto refused = [&](auto change) {
    RtpSendParameters parameters = sender->parameters();
    change(parameters);
    return sender->set_parameters(parameters).error().code;
  };
  EXPECT_EQ(refused([](auto& p) { p.encodings.pop_back(); }), ErrorCode::kInvalidModification);
  EXPECT_EQ(refused([](auto& p) { std::swap(p.encodings[0], p.encodings[1]); }), ErrorCode::kInvalidModification);
  EXPECT_EQ(refused([](auto& p) { p.encodings[0].codec = RtpCodec{.mime_type = "video/H265"}; }),
            ErrorCode::kInvalidModification);
  EXPECT_EQ(refused([](auto& p) { p.encodings[0].scale_resolution_down_by = 0.5; }), ErrorCode::kRange);
  EXPECT_EQ(refused([](auto& p) { p.encodings[0].max_framerate = -1.0; }), ErrorCode::kRange);
  EXPECT_EQ(refused([](auto& p) { p.encodings[0].max_bitrate = 0U; }), ErrorCode::kType);
}

TEST(VideoLadderStory, OneThatMakesNoSenseIsRefusedWithTheFirstDescription) {
  Configuration configuration{.include_loopback = true};
  configuration.video_ladder = {{{640, 360}, 300'000}, {{1280, 720}, 100'000}};
  EventLoop loop;
  PeerConnection alice(loop, configuration);
  (void)alice.add_transceiver(MediaKind::kVideo).value();
  const auto refused = alice.set_local_description();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kRange);
  EXPECT_EQ(refused.error().message,
            "video_ladder[1] is not smaller than the one before; list sizes from the largest to the smallest");
}

}  // namespace
}  // namespace tidewire::api
