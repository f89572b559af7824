#include "session/quality_limitation.h"

#include <gtest/gtest.h>

namespace tidewire::session {
namespace {

using namespace std::chrono_literals;

SendEncoding sent(std::uint64_t bitrate, int height) {
  return {.bitrate = bitrate, .scale_resolution_down_to = Resolution{height * 16 / 9, height}};
}

TEST(QualityLimitation, KeepsAccountOfEachReason) {
  QualityLimitation limitation;
  const SendEncoding asked{.bitrate = 2'000'000};
  EXPECT_FALSE(limitation.update(asked, sent(2'000'000, 1080), false, Timestamp{10s}));
  EXPECT_TRUE(limitation.update(asked, sent(2'000'000, 720), true, Timestamp{14s}));
  EXPECT_TRUE(limitation.update(asked, sent(600'000, 480), false, Timestamp{15s}));
  SendEncoding paused = sent(0, 480);
  paused.paused = true;
  EXPECT_TRUE(limitation.update(asked, paused, true, Timestamp{17s}));
  EXPECT_EQ(limitation.reason(), QualityLimitationReason::kBandwidth) << "what is paused costs the machine nothing";
  const auto durations = limitation.durations(Timestamp{20s});
  EXPECT_EQ(durations.none, 4s);
  EXPECT_EQ(durations.cpu, 1s);
  EXPECT_EQ(durations.bandwidth, 5s);
  EXPECT_EQ(limitation.resolution_changes(), 2U);
}

TEST(QualityLimitation, SaysItInASentence) {
  const SendEncoding asked{.bitrate = 2'000'000};
  const auto says = [&](const SendEncoding& granted, bool by_machine, std::uint64_t available) {
    QualityLimitation limitation;
    limitation.update(asked, granted, by_machine, Timestamp{1s});
    return limitation.describe(available);
  };
  SendEncoding slow = sent(2'000'000, 720);
  slow.parameters.max_framerate = 20.0;
  SendEncoding paused = sent(0, 480);
  paused.paused = true;
  EXPECT_EQ(says(sent(2'000'000, 1080), false, 3'000'000), "video at full quality: the network gives 3000 kbit/s");
  EXPECT_EQ(says(sent(2'000'000, 1080), false, 0), "video at full quality");
  EXPECT_EQ(says(sent(500'000, 480), false, 600'000), "video up to 480p: the network gives 600 kbit/s");
  EXPECT_EQ(says(paused, false, 190'000), "video paused: the network gives 190 kbit/s");
  EXPECT_EQ(says(sent(2'000'000, 480), true, 600'000), "video up to 480p: this machine cannot encode more");
  EXPECT_EQ(says(slow, true, 0), "video up to 720p, 20 pictures a second: this machine cannot encode more");
}

TEST(QualityLimitation, ReportsWhenTheMachineIsNoLongerTheReason) {
  QualityLimitation limitation;
  const SendEncoding asked{.bitrate = 2'000'000};
  limitation.update(asked, sent(2'000'000, 480), true, Timestamp{1s});
  EXPECT_FALSE(limitation.update(asked, sent(1'900'000, 480), true, Timestamp{2s}));
  EXPECT_TRUE(limitation.update(asked, sent(500'000, 480), false, Timestamp{3s}));
}

}  // namespace
}  // namespace tidewire::session
