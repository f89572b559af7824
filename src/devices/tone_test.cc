#include "devices/tone.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace tidewire::devices {
namespace {

TEST(Tone, GeneratorAndDetectorAgreeOnPitchAndLevel) {
  for (const double frequency : {60.0, 440.0, 443.0, 1000.0, 3999.0}) {
    std::vector<std::int16_t> samples(4800);
    ToneGenerator(frequency, -12).fill(samples);
    EXPECT_NEAR(dominant_frequency(samples), frequency, 5) << frequency;
    EXPECT_NEAR(tone_amplitude(samples, frequency), 0.251, 0.01) << frequency;
  }
}

TEST(Tone, PhaseGoesOnFromRunToRun) {
  std::vector<std::int16_t> whole(4800);
  ToneGenerator(440, -12).fill(whole);
  std::vector<std::int16_t> parts(4800);
  ToneGenerator generator(440, -12);
  for (std::size_t at = 0; at < parts.size(); at += 480) generator.fill(std::span(parts).subspan(at, 480));
  EXPECT_EQ(parts, whole);
}

TEST(Tone, AllChannelsCarryTheSame) {
  std::vector<std::int16_t> samples(960);
  ToneGenerator(440, -12).fill(samples, 2);
  for (std::size_t i = 0; i < samples.size(); i += 2) ASSERT_EQ(samples[i], samples[i + 1]);
  EXPECT_NE(samples[100], 0);
}

TEST(Tone, SilenceAndShortRunsHaveNoPitch) {
  EXPECT_EQ(dominant_frequency(std::vector<std::int16_t>(4800)), 0);
  EXPECT_EQ(dominant_frequency(std::vector<std::int16_t>(100, 9999)), 0);
  EXPECT_EQ(dominant_frequency({}), 0);
}

TEST(Tone, IsFoundUnderNoise) {
  std::vector<std::int16_t> samples(4800);
  ToneGenerator(700, -12).fill(samples);
  std::mt19937 random(3);
  for (std::int16_t& sample : samples)
    sample = static_cast<std::int16_t>(sample + static_cast<int>(random() % 4000) - 2000);
  EXPECT_NEAR(dominant_frequency(samples), 700, 5);
}

}  // namespace
}  // namespace tidewire::devices
