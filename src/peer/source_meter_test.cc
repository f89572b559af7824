#include "peer/source_meter.h"

#include <gtest/gtest.h>

#include <memory>

namespace tidewire::peer {
namespace {

using namespace std::chrono_literals;

VideoFrame picture(int width, int height) { return {std::make_shared<I420Buffer>(width, height), Timestamp{}, 0}; }

TEST(SourceMeter, CountsPicturesAndThoseOfTheLastSecond) {
  SourceMeter meter;
  Timestamp now{100s};
  for (int i = 0; i < 45; ++i) {
    meter.note(picture(i < 40 ? 64 : 32, 16), now);
    now += 50ms;
  }
  MediaSourceStats stats{.mid = "v"};
  meter.fill(stats, now);
  EXPECT_EQ(stats.mid, "v");
  EXPECT_EQ(stats.frames, 45U);
  EXPECT_EQ(stats.width, 32);
  EXPECT_EQ(stats.height, 16);
  EXPECT_NEAR(stats.frames_per_second, 20, 1);
  meter.fill(stats, now + 2s);
  EXPECT_EQ(stats.frames_per_second, 0);
  // More in a second than are told apart.
  for (int i = 0; i < 400; ++i) meter.note(picture(32, 16), now + 3s);
  meter.fill(stats, now + 3s);
  EXPECT_EQ(stats.frames, 445U);
  EXPECT_EQ(stats.frames_per_second, 256);
  meter.restart();
  meter.fill(stats, now + 3s);
  EXPECT_EQ(stats.frames, 0U);
  EXPECT_EQ(stats.width, 0);
}

TEST(SourceMeter, MeasuresSoundWhateverItsShape) {
  SourceMeter meter;
  MediaSourceStats stats;
  // Half of full scale in stereo, for a second, then silence in mono at another rate.
  for (int i = 0; i < 100; ++i) {
    meter.note(AudioFrame{.samples = std::vector<std::int16_t>(960, -16'384), .sample_rate = 48'000, .channels = 2});
  }
  meter.fill(stats, Timestamp{});
  EXPECT_DOUBLE_EQ(stats.audio_level, 0.5);
  EXPECT_NEAR(stats.total_audio_energy, 0.25, 1e-9);
  EXPECT_NEAR(stats.total_samples_duration.count(), 1, 1e-9);
  meter.note(AudioFrame{.samples = std::vector<std::int16_t>(1600, 0), .sample_rate = 16'000, .channels = 1});
  meter.note(AudioFrame{});
  meter.fill(stats, Timestamp{});
  EXPECT_EQ(stats.audio_level, 0);
  EXPECT_NEAR(stats.total_audio_energy, 0.25, 1e-9);
  EXPECT_NEAR(stats.total_samples_duration.count(), 1.1, 1e-9);
}

}  // namespace
}  // namespace tidewire::peer
