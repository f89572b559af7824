#include "media/lip_sync.h"

#include <gmock/gmock.h>

#include <string>

#include "media/smooth_call_for_test.h"

namespace tidewire::media {
namespace {

struct SyncScenario {
  const char* name;
  void (*set)(SmoothCall&);
};
std::ostream& operator<<(std::ostream& out, const SyncScenario& scenario) { return out << scenario.name; }

const SyncScenario kScenarios[] = {
    {"clean", [](SmoothCall&) {}},
    {"sound_takes_longer", [](SmoothCall& c) { c.audio_path.delay = 250ms; }},
    {"pictures_take_longer", [](SmoothCall& c) { c.path.delay = 250ms; }},
    {"pictures_jitter", [](SmoothCall& c) { c.path.jitter = 150ms; }},
    {"pictures_are_lost",
     [](SmoothCall& c) {
       c.path = {.delay = 50ms, .loss = 0.02};
       c.audio_path.delay = c.back = 50ms;
     }},
    {"pictures_stall",
     [](SmoothCall& c) {
       c.path.stall = 300ms;
       c.path.stall_each = 3s;
     }},
    {"the_application_holds_pictures", [](SmoothCall& c) { (void)c.b.set_jitter_buffer_target(c.video, 500ms); }},
    {"the_application_holds_sound", [](SmoothCall& c) { (void)c.b.set_jitter_buffer_target(c.audio, 500ms); }},
};

class LipSyncOf : public testing::TestWithParam<SyncScenario> {};

TEST_P(LipSyncOf, StaysWithin40Milliseconds) {
  SmoothCall call(2, true);
  GetParam().set(call);
  call.run(20s);
  call.reset_view();
  call.run(40s);
  EXPECT_GT(call.skews.size(), 40U * 45);
  EXPECT_LE(call.skew_ms(0.95), 40);
  const auto inbound = call.b.stats(call.now).inbound;
  ASSERT_EQ(inbound.size(), 2U);
  ASSERT_TRUE(inbound[0].estimated_playout_timestamp && inbound[1].estimated_playout_timestamp);
  const Duration apart =
      inbound[0].estimated_playout_timestamp->since_epoch - inbound[1].estimated_playout_timestamp->since_epoch;
  EXPECT_LE(std::chrono::abs(apart), 60ms);
  // What is played was captured a moment ago, by the other end's clock.
  const Duration age =
      call.now.time_since_epoch() + 1'700'000'000s - inbound[0].estimated_playout_timestamp->since_epoch;
  EXPECT_GT(age, 5ms);
  EXPECT_LT(age, 800ms);
}

INSTANTIATE_TEST_SUITE_P(Paths, LipSyncOf, testing::ValuesIn(kScenarios),
                         [](const auto& scenario) { return std::string(scenario.param.name); });

TEST(LipSyncOfACall, NobodyWaitsAnyMoreWhenTheReasonIsGone) {
  SmoothCall call(2, true);
  call.audio_path.delay = 250ms;
  call.run(20s);
  call.reset_view();
  call.run(1s);
  EXPECT_GT(call.latency_ms(0.5), 250);
  call.audio_path.delay = 10ms;
  call.run(40s);
  call.reset_view();
  call.run(1s);
  EXPECT_LE(call.latency_ms(0.5), 130) << "the sound's own delay";
}

TEST(LipSyncOfACall, StreamsOfOthersAreLeftAlone) {
  SmoothCall call(2, true);
  ReceiveStreamConfig config = video_in();
  config.sync_group = "screen";
  ASSERT_TRUE(call.b.update_receive_stream(call.video, config));
  ReceiveStreamConfig sound = audio_in();
  sound.sync_group = "camera";
  ASSERT_TRUE(call.b.update_receive_stream(call.audio, sound));
  call.audio_path.delay = 250ms;
  call.run(10s);
  call.reset_view();
  call.run(1s);
  EXPECT_LE(call.latency_ms(0.5), 15);
  EXPECT_GT(call.skew_ms(0.5), 200);
}

class Pair {
 public:
  static constexpr StreamId kSound{1};
  static constexpr StreamId kPictures{2};

  explicit Pair(std::string_view sound_group = "", std::string_view picture_group = "") {
    sync.add(kSound, MediaKind::kAudio, sound_group);
    sync.add(kPictures, MediaKind::kVideo, picture_group);
  }
  void report(rtp::NtpTime sound = kNtp, rtp::NtpTime pictures = kNtp) {
    sync.handle_sender_report(kSound, sound, 0);
    sync.handle_sender_report(kPictures, pictures, 0);
  }
  // Plays what was captured `sound` and `pictures` ago; answers what is to be held back.
  std::map<StreamId, Duration> play(Duration sound, Duration pictures) {
    now += LipSync::kInterval;
    const auto ticks = [&](Duration delay, std::int64_t rate) {
      return static_cast<std::uint32_t>(static_cast<std::int64_t>((now - delay).time_since_epoch() / 1us) * rate /
                                        1'000'000);
    };
    sync.handle_playout(kSound, ticks(sound, 48'000), 48'000, now);
    sync.handle_playout(kPictures, ticks(pictures, 90'000), 90'000, now);
    std::map<StreamId, Duration> changes;
    for (const LipSync::Change& change : sync.update(now)) changes[change.stream] = change.sync_delay;
    return changes;
  }
  static constexpr rtp::NtpTime kNtp{3'900'000'000ULL << 32};

  LipSync sync;
  Timestamp now{1s};
};

TEST(LipSync, HoldsTheFasterOneBackInSteps) {
  struct Case {
    Duration behind;
    Duration step;
  };
  for (const auto& [behind, step] :
       {Case{200ms, LipSync::kQuickStep}, Case{25ms, LipSync::kMaxStep}, Case{10ms, 5ms}}) {
    Pair pair("x", "x");
    pair.report();
    pair.sync.set_delays(Pair::kSound, 60ms, 60ms);
    const auto changes = pair.play(100ms, 100ms + behind);
    ASSERT_TRUE(changes.contains(Pair::kSound));
    EXPECT_LE(std::chrono::abs(changes.at(Pair::kSound) - (60ms + step)), 50us)
        << "what it is held for anyway, and a step";
    EXPECT_TRUE(pair.sync.update(pair.now).empty()) << "not before the next interval";
  }
}

TEST(LipSync, LeavesASmallSkewAlone) {
  Pair pair("x", "x");
  pair.report();
  EXPECT_THAT(pair.play(100ms, 105ms), testing::Each(testing::Pair(testing::_, 0ms)));
}

TEST(LipSync, NeedsOneGroupOrOneCname) {
  Pair neither;
  neither.report();
  EXPECT_TRUE(neither.play(100ms, 300ms).empty()) << "nothing says that they belong together";
  neither.sync.set_cname(Pair::kSound, "carol");
  neither.sync.set_cname(Pair::kPictures, "carol");
  EXPECT_FALSE(neither.play(100ms, 300ms).empty());
  Pair apart("x", "y");
  apart.report();
  apart.sync.set_cname(Pair::kSound, "carol");
  apart.sync.set_cname(Pair::kPictures, "carol");
  EXPECT_TRUE(apart.play(100ms, 300ms).empty());
}

TEST(LipSync, BelievesNoReportsThatAreAbsurd) {
  Pair pair("x", "x");
  pair.report(rtp::NtpTime{1}, rtp::NtpTime{~std::uint64_t{0}});
  EXPECT_TRUE(pair.play(100ms, 300ms).empty());
  pair.report(rtp::NtpTime{0}, rtp::NtpTime{0});  // no wall clock: those before still count
  EXPECT_TRUE(pair.play(100ms, 300ms).empty());
  pair.sync.switch_source(Pair::kSound);
  EXPECT_EQ(pair.sync.estimated_playout(Pair::kSound, pair.now), std::nullopt);
}

}  // namespace
}  // namespace tidewire::media
