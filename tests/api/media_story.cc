// Real encoded picture and sound from a synthetic camera and microphone to the other side's tracks.
#include <atomic>

#include "devices/test_picture.h"
#include "devices/tone.h"
#include "tidewire/rtp_capabilities.h"
#include "two_peers.h"

namespace tidewire::api {
namespace {

TEST(MediaStory, PictureAndToneArriveAsWhatTheyAre) {
  TwoPeers peers;
  const auto camera = open_synthetic_camera({.width = 320, .height = 240, .name = "Alice"}).value();
  const auto microphone = open_synthetic_microphone({.frequency = 440}).value();
  (void)peers.alice.add_track(camera, {"stream"}).value();
  (void)peers.alice.add_track(microphone, {"stream"}).value();

  std::atomic<int> pictures = 0;
  std::atomic<int> tones = 0;
  std::vector<Subscription> subscriptions;
  const auto check = [&] {
    if (pictures > 20 && tones > 20) peers.loop.stop();
  };
  peers.bob.on_track = [&](const TrackEvent& event) {
    EXPECT_EQ(event.stream_ids, std::vector<std::string>{"stream"});
    if (event.track->kind() == MediaKind::kVideo) {
      subscriptions.push_back(event.track->add_video_sink([&](const VideoFrame& frame) {
        if (devices::is_test_picture(*frame.buffer) && devices::read_frame_counter(*frame.buffer)) ++pictures;
        check();
      }));
    } else {
      subscriptions.push_back(event.track->add_audio_sink([&](const AudioFrame& frame) {
        if (std::abs(devices::dominant_frequency(frame.samples) - 440) < 30) ++tones;
        check();
      }));
    }
  };
  peers.negotiate();
  EXPECT_TRUE(peers.run()) << pictures << " pictures, " << tones << " tones";
  const StatsReport stats = peers.bob.get_stats();
  EXPECT_EQ(stats.transport.dtls_version, "DTLS 1.2");
  EXPECT_EQ(stats.rtp.inbound.size(), 2U);
  // What is decoded stays within what arrived.
  for (const auto& inbound : stats.rtp.inbound) EXPECT_GT(inbound.frames_decoded, 0U) << to_string(inbound.kind);
}

// Alice prefers one codec; what Bob sees or hears is what she sends, and his statistics name the codec.
void expect_flow(const RtpCodec& codec, MediaKind kind) {
  TwoPeers peers;
  if (kind == MediaKind::kVideo) {
    const auto camera = open_synthetic_camera({.width = 320, .height = 240, .name = "Alice"}).value();
    (void)peers.alice.add_track(camera, {"stream"}).value();
  } else {
    (void)peers.alice.add_track(open_synthetic_microphone({.frequency = 440}).value(), {"stream"}).value();
  }
  // Redundancy carries or repairs frames of another codec, which has to be there as well.
  std::vector<RtpCodec> preferences{codec};
  if (codec.mime_type == "audio/red" || codec.mime_type == "video/flexfec") {
    preferences.push_back(rtp_capabilities(kind).codecs.front());
  }
  peers.alice.transceivers().at(0)->set_codec_preferences(preferences).value();
  std::atomic<int> good = 0;
  std::vector<Subscription> subscriptions;
  peers.bob.on_track = [&](const TrackEvent& event) {
    const auto note = [&](bool is_good) {
      if (is_good && ++good > 15) peers.loop.stop();
    };
    if (kind == MediaKind::kVideo) {
      subscriptions.push_back(event.track->add_video_sink([&, note](const VideoFrame& frame) {
        note(devices::is_test_picture(*frame.buffer) && devices::read_frame_counter(*frame.buffer));
      }));
    } else {
      subscriptions.push_back(event.track->add_audio_sink([&, note](const AudioFrame& frame) {
        note(std::abs(devices::dominant_frequency(frame.samples) - 440) < 30);
      }));
    }
  };
  peers.negotiate();
  EXPECT_TRUE(peers.run()) << codec.mime_type << " " << codec.sdp_fmtp_line << ": " << good;
  const StatsReport stats = peers.bob.get_stats();
  ASSERT_EQ(stats.rtp.inbound.size(), 1U);
  const std::string name(to_string(stats.rtp.inbound[0].codec));
  EXPECT_EQ(preferences.back().mime_type, std::string(to_string(kind)) + "/" + name);
}

TEST(MediaStory, EveryCodecCarriesPicturesOrSound) {
  for (const MediaKind kind : {MediaKind::kVideo, MediaKind::kAudio}) {
    for (const RtpCodec& codec : rtp_capabilities(kind).codecs) expect_flow(codec, kind);
  }
}

}  // namespace
}  // namespace tidewire::api
