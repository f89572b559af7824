// Sources whose clocks are wrong, wrap, stop, or change what they show.
#include "media_call.h"

namespace tidewire::scenario {
namespace {

constexpr std::uint32_t kVideoTick = 2970;
constexpr std::uint32_t kAudioTick = 960;

class SkewedClock : public testing::TestWithParam<double> {};

TEST_P(SkewedClock, SoundIsNeverConcealedAndDelayDoesNotGrow) {
  MediaCall call;
  call.alice.fake_media.clock_skew = GetParam();
  ASSERT_TRUE(call.run_until_settled()) << call.describe();
  const Quality early = call.measure(call.bob, 30s);
  call.simulation.run_for(240s);
  const Quality late = call.measure(call.bob, 30s);
  record("early", early);
  record("late", late);
  expect_good(early);
  expect_good(late);
  // 500 ppm come to 150 ms in the five minutes.
  EXPECT_LT(std::abs(late.audio_delay_ms - early.audio_delay_ms), 20) << late.audio_delay_ms;
  EXPECT_LT(std::abs(late.video_delay_ms - early.video_delay_ms), 20) << late.video_delay_ms;
  const auto sound = MediaCall::inbound(call.bob, MediaKind::kAudio, call.now());
  EXPECT_EQ(sound.concealed_samples, 0U);
  EXPECT_LT(call.bob.playout.longest_audio_delay(), 150ms);
}

INSTANTIATE_TEST_SUITE_P(PartsPerMillion, SkewedClock, testing::Values(-500e-6, 500e-6), [](const auto& tested) {
  return tested.param < 0 ? std::string("Slow500") : std::string("Fast500");
});

// A first call shows which random offsets its seed has; a second one lets them wrap.
TEST(MediaClocks, TimestampsWrapUnseen) {
  std::uint32_t audio = 0;
  std::uint32_t video = 0;
  {
    MediaCall call;
    call.bob.keep_timestamps = true;
    ASSERT_TRUE(call.run_until_settled()) << call.describe();
    audio =
        call.bob.audio_timestamps.back() - static_cast<std::uint32_t>(call.bob.audio_timestamps.size()) * kAudioTick;
    video =
        call.bob.video_timestamps.back() - static_cast<std::uint32_t>(call.bob.video_timestamps.size()) * kVideoTick;
  }
  MediaCall call;
  call.bob.keep_timestamps = true;
  // Twenty seconds before the wrap.
  call.alice.fake_media.first_audio_timestamp = 0U - audio - 20 * 48'000;
  call.alice.fake_media.first_video_timestamp = 0U - video - 20 * 90'000;
  ASSERT_TRUE(call.run_until_settled()) << call.describe();
  const Quality quality = call.measure(call.bob, 30s);
  record("wrap", quality);
  expect_good(quality);
  EXPECT_EQ(quality.concealed_share, 0);
  EXPECT_LT(call.bob.playout.longest_video_gap(), 100ms);
  for (const auto* timestamps : {&call.bob.audio_timestamps, &call.bob.video_timestamps}) {
    EXPECT_GT(timestamps->front(), timestamps->back()) << "they did not wrap";
  }
}

// Sequence numbers begin below 2^15; so many packets let them wrap, with SRTP's rollover counter (RFC 3711 §3.3.1).
TEST(MediaClocks, SequenceNumbersWrapUnseen) {
  MediaCallOptions options;
  options.call.link.loss = 0.005;
  options.redundancy = true;
  MediaCall call(options);
  call.alice.video_frame_size = 30'000;
  ASSERT_TRUE(call.run_until_settled()) << call.describe();
  const Quality quality = call.measure(call.bob, 85s);
  record("wrap", quality);
  expect_good(quality);
  EXPECT_GT(MediaCall::outbound(call.alice, MediaKind::kVideo, call.now()).packets_sent, 65'536U);
  EXPECT_EQ(call.bob.damaged_frames, 0U);
  EXPECT_EQ(call.bob.state(), PeerConnectionState::kConnected);
}

TEST(MediaClocks, APauseOfFiveSecondsIsNoFreezeAndEndsAtOnce) {
  MediaCall call;
  ASSERT_TRUE(call.run_until_settled()) << call.describe();
  const auto before = MediaCall::inbound(call.bob, MediaKind::kVideo, call.now());
  call.alice.fake_media.paused = true;
  call.simulation.run_for(5s);
  call.alice.fake_media.paused = false;
  const std::uint64_t pictures = call.bob.video_frames_received;
  const std::uint64_t sounds = call.bob.audio_frames_received;
  EXPECT_TRUE(call.run_until(
      [&] { return call.bob.video_frames_received > pictures && call.bob.audio_frames_received > sounds; }, 300ms));
  const auto after = MediaCall::inbound(call.bob, MediaKind::kVideo, call.now());
  EXPECT_EQ(after.pause_count, before.pause_count + 1);
  EXPECT_EQ(after.freeze_count, before.freeze_count);
  EXPECT_EQ(call.bob.key_frames_asked, 0U);
  call.simulation.run_for(1s);
  const Quality quality = call.measure(call.bob, 20s);
  record("after_pause", quality);
  expect_good(quality);
  EXPECT_EQ(quality.concealed_share, 0);
}

TEST(MediaClocks, PicturesOfAnotherSizeGoOn) {
  MediaCallOptions options;
  options.call.link.loss = 0.01;
  options.redundancy = true;
  MediaCall call(options);
  ASSERT_TRUE(call.run_until_settled()) << call.describe();
  EXPECT_EQ(MediaCall::inbound(call.bob, MediaKind::kVideo, call.now()).frame_width, 640);
  call.alice.fake_media.width = 320;
  call.alice.fake_media.height = 180;
  call.alice.video_frame_size = 900;
  call.alice.want_key_frame();
  const Quality quality = call.measure(call.bob, 20s);
  record("resolution", quality);
  EXPECT_EQ(quality.freezes, 0U) << quality.describe();
  expect_good(quality);
  const auto received = MediaCall::inbound(call.bob, MediaKind::kVideo, call.now());
  EXPECT_EQ(received.frame_width, 320);
  EXPECT_EQ(received.frame_height, 180);
  EXPECT_EQ(MediaCall::outbound(call.alice, MediaKind::kVideo, call.now()).frame_width, 320);
}

}  // namespace
}  // namespace tidewire::scenario
