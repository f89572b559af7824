// Real encoded picture and sound from a synthetic camera and microphone to the other side's tracks.
#include <atomic>

#include "devices/test_picture.h"
#include "devices/tone.h"
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

}  // namespace
}  // namespace tidewire::api
