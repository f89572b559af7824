// The delay that sound takes: as little as the network allows, and as much as it needs.
#include "media/audio_path_for_test.h"

namespace tidewire::media {
namespace {

TEST(AudioJitter, TheFirstSoundIsEarlyAndAGoodNetworkNeedsLittle) {
  AudioPath path;
  path.send_frame();
  path.pass(AudioPath::kPathDelay + 40ms);
  EXPECT_EQ(path.played, 1);
  AudioPath good;
  good.talk(20s);
  EXPECT_EQ(good.concealed, 0ms);
  EXPECT_EQ(good.gaps, 0);
  EXPECT_LE(good.stream.target_delay(), 25ms);
  EXPECT_LE(good.stream.current_delay(), 45ms);
  EXPECT_EQ(good.played, 1000 - 3) << "all but what is on its way";
}

TEST(AudioJitter, FollowsEvenJitter) {
  AudioPath path;
  path.jitter = [&](Timestamp) { return path.part_of(60ms); };
  path.talk(5s);
  EXPECT_LT(path.concealed_share(), 0.03) << "while the path is learnt";
  path.mean_delay();
  path.talk(60s);
  EXPECT_LT(path.concealed_share(), 0.001);
  EXPECT_LT(path.most_delay, 130ms);
  EXPECT_LT(path.mean_delay(), 80ms) << "30 ms of it are the jitter's own";
  EXPECT_NEAR(std::chrono::duration<double>(path.stream.target_delay()).count(), 0.080, 0.015);
  EXPECT_EQ(path.gaps, 0);
}

TEST(AudioJitter, OneSpikeIsPlayedLateAndForgotten) {
  AudioPath path;
  path.talk(15s);
  const int before = path.played;
  path.concealed_share();
  const Timestamp stall = path.now();
  path.jitter = [&](Timestamp at) { return std::max(stall + 300ms - at, Duration::zero()); };
  path.talk(10s);
  EXPECT_NEAR(path.played - before, 500, 2) << "what comes late is heard all the same";
  EXPECT_LT(path.concealed_share(), 0.3 / 10);
  EXPECT_LT(path.stream.target_delay(), 60ms);
  EXPECT_LT(path.stream.current_delay(), 80ms);
}

TEST(AudioJitter, SpikesThatComeAgainAreWaitedFor) {
  AudioPath path;
  Timestamp stall = path.now() + 1s;
  path.jitter = [&](Timestamp at) {
    if (at >= stall + 300ms) stall += 2s;
    return at < stall ? Duration::zero() : stall + 300ms - at;
  };
  path.talk(10s);
  path.concealed_share();
  path.talk(60s);
  EXPECT_LT(path.concealed_share(), 0.001);
  EXPECT_LT(path.most_delay, 400ms);
  path.jitter = [](Timestamp) { return Duration::zero(); };
  path.talk(20s);
  EXPECT_LT(path.stream.current_delay(), 80ms) << "and no more when they are over";
}

TEST(AudioJitter, FollowsAWirelessNetworkThatBursts) {
  AudioPath path;
  // Everything is sent on each 100 ms, and now and then only after 200 ms.
  path.jitter = [](Timestamp at) {
    const Duration t = at.time_since_epoch();
    const Duration beat = t % 1s < 800ms ? Duration{100ms} : Duration{200ms};
    return beat - t % beat;
  };
  path.talk(5s);
  path.concealed_share();
  path.talk(60s);
  EXPECT_LT(path.concealed_share(), 0.001);
  EXPECT_LT(path.most_delay, 330ms);
  EXPECT_EQ(path.gaps, 0);
}

TEST(AudioJitter, FollowsAClockThatIsOffForTenMinutes) {
  for (const double drift : {-0.0005, 0.0005}) {
    AudioPath path;
    path.drift = drift;
    path.jitter = [&](Timestamp) { return path.part_of(10ms); };
    path.talk(10s);
    path.concealed_share();
    path.talk(10min);
    EXPECT_EQ(path.concealed_share(), 0);
    EXPECT_LT(path.most_delay, 90ms);
    EXPECT_LT(path.stream.target_delay(), 50ms);
    EXPECT_EQ(path.gaps, 0);
    const InboundRtpStreamStats stats = path.stream.stats();
    const std::uint64_t corrected =
        drift > 0 ? stats.removed_samples_for_acceleration : stats.inserted_samples_for_deceleration;
    EXPECT_NEAR(static_cast<double>(corrected), 610 * 48'000 * 0.0005, 4000);
    EXPECT_LT(path.paced, 200) << "seldom, and not all the time";
  }
}

TEST(AudioJitter, FollowsAPathThatBecomesSlowerAndFasterAgain) {
  AudioPath path;
  path.talk(15s);
  path.concealed_share();
  path.jitter = [](Timestamp) { return Duration{200ms}; };
  path.talk(30s);
  EXPECT_LT(path.concealed_share(), 0.25 / 30);
  EXPECT_LT(path.stream.current_delay(), 60ms) << "the slower path is the new measure";
  EXPECT_LT(path.stream.target_delay(), 40ms);
  path.jitter = [](Timestamp) { return Duration::zero(); };
  path.talk(30s);
  EXPECT_EQ(path.concealed_share(), 0);
  EXPECT_LT(path.stream.current_delay(), 60ms);
  EXPECT_EQ(path.gaps, 0);
}

TEST(AudioJitter, WaitsAsLongAsItIsToldTo) {
  AudioPath path;
  path.talk(2s);
  path.stream.set_jitter_buffer_target(500ms);
  path.talk(5s);
  EXPECT_NEAR(std::chrono::duration<double>(path.stream.current_delay()).count(), 0.5, 0.02);
  path.stream.set_sync_delay(700ms);
  path.talk(5s);
  EXPECT_NEAR(std::chrono::duration<double>(path.stream.current_delay()).count(), 0.7, 0.02);
  const InboundRtpStreamStats stats = path.stream.stats();
  EXPECT_GT(stats.jitter_buffer_target_delay, stats.jitter_buffer_minimum_delay * 5);
  path.stream.set_sync_delay(0ms);
  path.stream.set_jitter_buffer_target(std::nullopt);
  path.talk(5s);
  EXPECT_LT(path.stream.current_delay(), 60ms);
  EXPECT_EQ(path.concealed, 0ms);
  path.stream.set_jitter_buffer_target(1h);
  EXPECT_EQ(path.stream.target_delay(), 4s);
  path.talk(30s);
  EXPECT_GT(path.stream.current_delay(), 3900ms);
  EXPECT_EQ(path.concealed, 0ms);
  path.stream.set_jitter_buffer_target(-1h);
  EXPECT_LT(path.stream.target_delay(), 40ms);
}

TEST(AudioJitter, AStallOfSecondsLeavesNoDelayBehind) {
  AudioPath path;
  path.talk(15s);
  const Timestamp stall = path.now();
  path.jitter = [&](Timestamp at) { return std::max(stall + 3s - at, Duration::zero()); };
  path.talk(3s);
  EXPECT_EQ(path.stream.next_timeout(), kNever) << "the clock stands";
  path.talk(4s);
  EXPECT_LT(path.stream.current_delay(), 100ms);
  path.talk(60s);
  EXPECT_EQ(path.last_played, path.sent() - 3);
}

}  // namespace
}  // namespace tidewire::media
