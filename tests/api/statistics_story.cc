// getStats of a whole call: what encoders, decoders, sources and players add to what the session knows.
#include <algorithm>
#include <atomic>
#include <map>
#include <memory>

#include "two_peers.h"

namespace tidewire::api {
namespace {

template <typename Streams>
auto of_kind(const Streams& streams, MediaKind kind) {
  const auto found = std::ranges::find_if(streams, [kind](const auto& stream) { return stream.kind == kind; });
  EXPECT_NE(found, streams.end()) << to_string(kind);
  return found == streams.end() ? typename Streams::value_type{} : *found;
}

// A player that has played for a second.
class FakePlayout final : public AudioPlayout {
 public:
  AudioPlayoutStats stats() const override {
    return {.total_samples_duration = std::chrono::seconds{1}, .total_samples_count = 48'000};
  }
};

TEST(StatisticsStory, EncodersDecodersSourcesAndPlayersTellWhatTheyKnow) {
  TwoPeers peers;
  const auto camera = open_synthetic_camera({.width = 320, .height = 240, .name = "Alice"}).value();
  const auto microphone = open_synthetic_microphone({.frequency = 440}).value();
  (void)peers.alice.add_track(camera, {"stream"}).value();
  const auto sound_sender = peers.alice.add_track(microphone, {"stream"}).value();
  const auto player = std::make_shared<FakePlayout>();
  std::map<MediaKind, std::string> tracks;
  std::vector<Subscription> subscriptions;
  std::atomic<int> pictures = 0;
  std::atomic<int> sounds = 0;
  const auto check = [&] {
    if (pictures > 30 && sounds > 60) peers.loop.stop();
  };
  peers.bob.on_track = [&](const TrackEvent& event) {
    tracks[event.track->kind()] = event.track->id();
    if (event.track->kind() == MediaKind::kAudio) event.track->set_playout(player);
    subscriptions.push_back(event.track->add_video_sink([&](const VideoFrame&) { ++pictures, check(); }));
    subscriptions.push_back(event.track->add_audio_sink([&](const AudioFrame&) { ++sounds, check(); }));
  };
  peers.negotiate();
  ASSERT_TRUE(peers.run()) << pictures << " pictures, " << sounds << " sounds";
  const StatsReport alice = peers.alice.get_stats();
  const StatsReport bob = peers.bob.get_stats();

  const auto out = of_kind(alice.rtp.outbound, MediaKind::kVideo);
  const auto in = of_kind(bob.rtp.inbound, MediaKind::kVideo);
  EXPECT_EQ(out.encoder_implementation, "libvpx");
  EXPECT_GT(out.total_encode_time, Duration::zero());
  EXPECT_GE(out.frames_encoded, in.frames_decoded);
  EXPECT_GE(out.key_frames_encoded, 1U);
  EXPECT_GE(out.qp_sum, in.qp_sum);
  EXPECT_GT(in.qp_sum, 0U);
  // 30 pictures and more at the default rate of 1 Mbit/s.
  EXPECT_GT(out.total_encoded_bytes_target, 100'000U);
  EXPECT_EQ(in.decoder_implementation, "libvpx");
  EXPECT_EQ(in.track_identifier, tracks.at(MediaKind::kVideo));
  EXPECT_FALSE(in.playout_index);

  ASSERT_EQ(alice.media_sources.size(), 2U);
  const auto picture = of_kind(alice.media_sources, MediaKind::kVideo);
  EXPECT_EQ(picture.mid, out.mid);
  EXPECT_EQ(picture.track_identifier, camera->id());
  EXPECT_EQ(picture.width, 320);
  EXPECT_EQ(picture.height, 240);
  EXPECT_GE(picture.frames, out.frames_encoded);
  EXPECT_GT(picture.frames_per_second, 5);
  const auto sound = of_kind(alice.media_sources, MediaKind::kAudio);
  EXPECT_GT(sound.total_samples_duration.count(), 0.5);
  const auto heard = of_kind(bob.rtp.inbound, MediaKind::kAudio);
  EXPECT_NEAR(heard.audio_level, sound.audio_level, sound.audio_level / 4);
  ASSERT_EQ(heard.playout_index, 0U);
  ASSERT_EQ(bob.media_playout.size(), 1U);
  EXPECT_EQ(bob.media_playout[0].total_samples_count, 48'000U);

  // Another track is another source, and none is none.
  const auto quiet = std::make_shared<MediaStreamTrack>(MediaKind::kAudio, "quiet", "quiet");
  sound_sender->replace_track(quiet).value();
  const auto replaced = of_kind(peers.alice.get_stats().media_sources, MediaKind::kAudio);
  EXPECT_EQ(replaced.track_identifier, "quiet");
  EXPECT_EQ(replaced.total_samples_duration.count(), 0);
  sound_sender->replace_track(nullptr).value();
  EXPECT_EQ(peers.alice.get_stats().media_sources.size(), 1U);
}

}  // namespace
}  // namespace tidewire::api
