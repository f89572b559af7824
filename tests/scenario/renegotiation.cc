// Tracks come and go during a call; two offers that cross are sorted out; ICE starts anew.
#include <gtest/gtest.h>

#include "simulated_call.h"

namespace tidewire::scenario {
namespace {

TEST(Renegotiation, AddsAndRemovesATrackDuringTheCall) {
  SimulatedCall call({.media = false});
  call.click();
  ASSERT_TRUE(call.run_until_established());
  EXPECT_EQ(call.bob.video_frames_received, 0U);

  const TransceiverId video = call.alice.session.add_track(MediaKind::kVideo).value();
  call.renegotiate(call.alice, call.bob);
  ASSERT_TRUE(call.run_until([&] { return call.bob.video_frames_received > 30; }));
  EXPECT_EQ(call.bob.tracks.size(), 1U);

  call.alice.session.remove_track(video).value();
  call.renegotiate(call.alice, call.bob);
  ASSERT_TRUE(call.run_until([&] { return call.alice.sending_video.empty(); }));
  call.simulation.run_for(1s);
  const std::uint64_t frames = call.bob.video_frames_received;
  call.simulation.run_for(2s);
  EXPECT_EQ(call.bob.video_frames_received, frames);
  EXPECT_EQ(call.bob.session.connection_state(), PeerConnectionState::kConnected);
}

TEST(Renegotiation, TheAnswererMayOfferLater) {
  SimulatedCall call({.media = false});
  call.click();
  ASSERT_TRUE(call.run_until_established());
  (void)call.bob.session.add_track(MediaKind::kAudio).value();
  call.renegotiate(call.bob, call.alice);
  EXPECT_TRUE(call.run_until([&] { return call.alice.audio_frames_received > 30; }));
}

TEST(Renegotiation, IceRestartsWithoutLosingTheCall) {
  SimulatedCall call;
  call.click();
  ASSERT_TRUE(call.run_until_established());
  ASSERT_TRUE(call.run_until([&] { return call.bob.video_frames_received > 30; }));
  const std::string before = call.alice.session.local_description()->sdp;
  call.alice.session.restart_ice().value();
  call.renegotiate(call.alice, call.bob);
  call.simulation.run_for(3s);
  const std::string after = call.alice.session.local_description()->sdp;
  const auto ufrag = [](const std::string& sdp) {
    const std::size_t at = sdp.find("a=ice-ufrag:");
    return sdp.substr(at, sdp.find('\r', at) - at);
  };
  EXPECT_NE(ufrag(before), ufrag(after));
  // The new generation carries the call: both sides connected anew, and consent goes on.
  const auto consent = [&] {
    return call.alice.session.stats(call.now()).selected_candidate_pair->consent_requests_sent;
  };
  const std::uint64_t consents = consent();
  call.simulation.run_for(40s);
  EXPECT_GT(consent(), consents + 4);
  const std::uint64_t frames = call.bob.video_frames_received;
  EXPECT_TRUE(call.run_until([&] { return call.bob.video_frames_received > frames + 60; }));
  EXPECT_EQ(call.alice.session.connection_state(), PeerConnectionState::kConnected);
  EXPECT_EQ(call.bob.session.connection_state(), PeerConnectionState::kConnected);
}

TEST(Renegotiation, AMalformedDescriptionChangesNothing) {
  SimulatedCall call;
  call.click();
  ASSERT_TRUE(call.run_until_established());
  const auto result = call.bob.session.set_remote_description({SdpType::kOffer, "v=0\r\no=x\r\n"}, call.now());
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message.find("line 2"), std::string::npos) << result.error().message;
  EXPECT_EQ(call.bob.session.signaling_state(), SignalingState::kStable);
  const std::uint64_t frames = call.bob.video_frames_received;
  EXPECT_TRUE(call.run_until([&] { return call.bob.video_frames_received > frames + 30; }));
}

}  // namespace
}  // namespace tidewire::scenario
