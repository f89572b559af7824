#include "session/encoder_limits.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "session/quality_limitation.h"
#include "session/video_ladder.h"

namespace tidewire::session {
namespace {

using namespace std::chrono_literals;

// A machine that takes so long for a million pixels, with a camera, and a path.
struct Machine {
  double seconds_per_megapixel = 0;
  Resolution camera{1920, 1080};
  double camera_framerate = 30;
  std::uint64_t path = 2'500'000;
  int quantizer = 60;
  std::vector<CodecType> codecs;
  DegradationPreference preference = DegradationPreference::kMaintainFramerate;
  bool details = false;

  EncoderLimits limits;
  QualityLimitation limitation;
  VideoLadder ladder;
  std::vector<VideoLadderStep> steps = default_video_ladder();
  SendEncoding asked{.codec = CodecType::kVp8, .bitrate = 2'500'000};
  SendEncoding granted = asked;
  Timestamp now{100s};
  int changes = 0;

  EncoderLimits::Sending sending() const {
    return {.granted = &granted, .preference = preference, .details = details, .steps = steps, .codecs = codecs};
  }
  void adapt() {
    asked.codec = limits.codec().value_or(CodecType::kVp8);
    SendEncoding next = asked;
    next.bitrate = std::min(next.bitrate, path);
    if (preference == DegradationPreference::kMaintainFramerate) {
      next.scale_resolution_down_to = ladder.size(steps, next.bitrate, coding_efficiency(next.codec), now);
    }
    limits.apply(next, sending());
    if (next == granted) return;
    limits.note_change(granted, next, now);
    granted = next;
    limitation.update(asked, granted, limits.limits(), now);
    ++changes;
  }
  Resolution size() const {
    const double factor = fit_factor(camera, granted.scale_resolution_down_to.value_or(camera));
    return {static_cast<int>(camera.width / factor), static_cast<int>(camera.height / factor)};
  }
  void run(Duration time) {
    for (const Timestamp end = now + time; now < end;) {
      const double framerate = std::min(camera_framerate, granted.parameters.max_framerate.value_or(240));
      for (double shown = 0; shown < framerate; ++shown) {
        now += Duration{static_cast<std::int64_t>(1e9 / framerate)};
        limits.note_picture({.codec = granted.codec, .quantizer = quantizer}, now);
        adapt();
      }
      const double costs =
          seconds_per_megapixel * 1e-6 * size().width * size().height * (coding_efficiency(granted.codec) > 1 ? 3 : 1);
      const double wanted = framerate * costs;
      const auto pictures = static_cast<std::uint64_t>(framerate);
      const double done = std::min(1.0, wanted);
      EncoderLoad load{.elapsed = 1s,
                       .busy = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(done)),
                       .pictures = pictures,
                       .size = size()};
      if (wanted > 1) load.dropped = pictures - static_cast<std::uint64_t>(framerate / wanted);
      limits.note_load(load, sending(), now);
      adapt();
    }
  }
  std::string text() const { return limitation.describe(path); }
};

TEST(EncoderLimits, AFastMachineIsNotLimited) {
  Machine machine{.seconds_per_megapixel = 0.01};
  machine.run(60s);
  EXPECT_EQ(machine.size().height, 1080);
  EXPECT_EQ(machine.limitation.reason(), QualityLimitationReason::kNone);
}

TEST(EncoderLimits, ASlowMachineSendsSmallerPicturesAndSaysWhy) {
  Machine machine{.seconds_per_megapixel = 0.05};  // 720p takes it whole
  machine.run(20s);
  EXPECT_EQ(machine.size().height, 480);
  EXPECT_EQ(machine.limitation.reason(), QualityLimitationReason::kCpu);
  EXPECT_EQ(machine.text(), "video up to 480p: this machine cannot encode more");
  EXPECT_GT(machine.limitation.durations(machine.now).cpu, 5s);
}

TEST(EncoderLimits, DoesNotFlapOnAMachineBetweenTwoSizes) {
  Machine machine{.seconds_per_megapixel = 0.033};  // 480p leaves it idle, 720p takes 91 %
  machine.run(60s);
  machine.changes = 0;
  machine.run(20min);
  EXPECT_LE(machine.changes, 14);
  EXPECT_EQ(machine.size().height, 480);
}

TEST(EncoderLimits, LargePicturesComeBackWhenThereIsRoomAgain) {
  Machine machine{.seconds_per_megapixel = 0.05};
  machine.run(20s);
  machine.seconds_per_megapixel = 0.005;
  machine.run(60s);
  EXPECT_EQ(machine.size().height, 1080);
  EXPECT_EQ(machine.limitation.reason(), QualityLimitationReason::kNone);
}

TEST(EncoderLimits, TheSmallerOfPathAndMachineCounts) {
  Machine machine{.seconds_per_megapixel = 0.05};
  machine.run(20s);
  machine.path = 300'000;
  machine.run(5s);
  EXPECT_EQ(machine.size().height, 360);
  EXPECT_EQ(machine.text(), "video up to 360p: the network gives 300 kbit/s");
  machine.path = 2'500'000;
  machine.run(4s);
  EXPECT_EQ(machine.size().height, 480);
  EXPECT_EQ(machine.limitation.reason(), QualityLimitationReason::kCpu);
}

TEST(EncoderLimits, ASmallCameraIsMadeSmallerByWhatItGives) {
  Machine machine{.seconds_per_megapixel = 0.12, .camera = {640, 480}};
  machine.run(10s);
  EXPECT_EQ(machine.size().height, 360);
  machine.seconds_per_megapixel = 0.01;
  machine.run(60s);
  EXPECT_EQ(machine.size().height, 480);
  EXPECT_EQ(machine.limitation.reason(), QualityLimitationReason::kNone) << "what is not reached is no limit";
}

TEST(EncoderLimits, SlowsDownWhatKeepsItsSize) {
  Machine machine{.seconds_per_megapixel = 0.05, .preference = DegradationPreference::kMaintainResolution};
  machine.run(30s);
  EXPECT_EQ(machine.size().height, 1080);
  EXPECT_EQ(machine.granted.parameters.max_framerate, 5);
  EXPECT_EQ(machine.text(), "video at 5 pictures a second: this machine cannot encode more");
  machine.seconds_per_megapixel = 0.005;
  machine.run(3min);
  EXPECT_EQ(machine.granted.parameters.max_framerate, std::nullopt);
}

TEST(EncoderLimits, BalancedSlowsDownFirstAndShrinksThen) {
  Machine machine{.seconds_per_megapixel = 0.018, .preference = DegradationPreference::kBalanced};
  machine.run(30s);
  EXPECT_EQ(machine.granted.parameters.max_framerate, 20);
  EXPECT_EQ(machine.size().height, 1080);
  machine.seconds_per_megapixel = 0.05;
  machine.run(30s);
  EXPECT_EQ(machine.granted.parameters.max_framerate, 20);
  EXPECT_EQ(machine.size().height, 480);
}

TEST(EncoderLimits, CoarsePicturesAreSentAStepSmallerAndFineOnesAStepLarger) {
  Machine machine{.path = 900'000};
  machine.run(3s);
  EXPECT_EQ(machine.size().height, 480);
  machine.quantizer = 110;
  machine.run(30s);
  EXPECT_EQ(machine.size().height, 360);
  machine.quantizer = 20;
  machine.run(60s);
  EXPECT_EQ(machine.size().height, 480) << "the rate is far from enough for more";
  machine.path = 1'060'000;
  machine.run(1s);
  EXPECT_EQ(machine.size().height, 720) << "near to it";
  machine.path = 960'000;
  machine.run(1s);
  EXPECT_EQ(machine.size().height, 720);
  machine.path = 900'000;
  machine.run(1s);
  EXPECT_EQ(machine.size().height, 480);
}

TEST(EncoderLimits, DetailsKeepTheirSizeHoweverCoarseTheyAre) {
  Machine machine{.path = 900'000, .quantizer = 120, .details = true};
  machine.run(60s);
  EXPECT_EQ(machine.size().height, 480);
}

TEST(EncoderLimits, ABetterCodecIsTakenOnAThinPathAndLeftOnABusyMachine) {
  Machine machine{.seconds_per_megapixel = 0.004,
                  .path = 300'000,
                  .codecs = {CodecType::kVp8, CodecType::kH264, CodecType::kVp9, CodecType::kAv1}};
  machine.run(20s);
  EXPECT_EQ(machine.granted.codec, CodecType::kAv1);
  EXPECT_EQ(machine.size().height, 360);
  machine.path = 2'500'000;
  machine.run(30s);
  EXPECT_EQ(machine.granted.codec, CodecType::kAv1);
  EXPECT_EQ(machine.size().height, 1080);
  machine.seconds_per_megapixel = 0.008;  // 1080p in AV1 takes half as much again as there is
  machine.run(30s);
  EXPECT_EQ(machine.granted.codec, CodecType::kVp8);
}

TEST(EncoderLimits, TheCodecStaysUnlessThereIsAChoice) {
  Machine machine{.seconds_per_megapixel = 0.001, .path = 300'000};
  machine.run(60s);
  EXPECT_EQ(machine.granted.codec, CodecType::kVp8);
}

}  // namespace
}  // namespace tidewire::session
