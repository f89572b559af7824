#include "codecs/time_stretch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "codecs/audio_for_test.h"

namespace tidewire::codecs {
namespace {

using Samples = std::vector<std::int16_t>;

// Runs of `length` samples of `sound(start)`, each to be made longer by `change`.
template <typename Sound>
Samples stretched(int runs, int length, std::int64_t change, int channels, Sound&& sound) {
  TimeStretch stretch(channels);
  Samples all;
  for (int i = 0; i < runs; ++i) {
    Samples samples = sound(i * length);
    stretch.run(samples, change);
    all.insert(all.end(), samples.begin(), samples.end());
  }
  const auto exact = (std::int64_t{runs} * (length + change) - stretch.owed()) * channels;
  EXPECT_EQ(static_cast<std::int64_t>(all.size()), exact);
  EXPECT_LE(std::abs(stretch.owed()), TimeStretch::kPatience);
  return all;
}

Samples tone_of(double frequency, int start, int length, int channels) {
  Samples samples;
  for (int i = 0; i < length; ++i) {
    const double value = 8000 * std::sin(2 * std::numbers::pi * frequency * (start + i) / 48'000);
    samples.insert(samples.end(), static_cast<std::size_t>(channels), static_cast<std::int16_t>(value));
  }
  return samples;
}

int largest_step(const Samples& samples, std::size_t channels) {
  int largest = 0;
  for (std::size_t i = channels; i < samples.size(); ++i) {
    largest = std::max(largest, std::abs(samples[i] - samples[i - channels]));
  }
  return largest;
}

// Upward passes through zero, by which the pitch is told.
int passes(const Samples& samples, std::size_t channels) {
  int count = 0;
  for (std::size_t i = channels; i < samples.size(); i += channels) {
    if (samples[i - channels] < 0 && samples[i] >= 0) ++count;
  }
  return count;
}

TEST(TimeStretch, PassesSoundOnAsItIsWhenNothingIsCalledFor) {
  Samples expected = tone_of(440, 0, 48'000, 2);
  const Samples all = stretched(50, 960, 0, 2, [](int start) { return tone_of(440, start, 960, 2); });
  EXPECT_EQ(all, expected);
}

TEST(TimeStretch, KeepsThePitchOfATone) {
  for (const std::int64_t change : {-240, -48, 48, 240}) {
    for (const double frequency : {90.0, 220.0, 440.0, 1000.0, 3100.0}) {
      for (const int channels : {1, 2}) {
        SCOPED_TRACE(testing::Message() << change << ' ' << frequency << ' ' << channels);
        const Samples all =
            stretched(250, 960, change, channels, [&](int at) { return tone_of(frequency, at, 960, channels); });
        const auto step = static_cast<std::size_t>(channels);
        const double seconds = static_cast<double>(all.size() / step) / 48'000;
        EXPECT_NEAR(passes(all, step) / seconds, frequency, frequency / 200);
        // No click: never steeper than the tone itself, but for the blending of two that are a little apart.
        const int slope = static_cast<int>(8000 * 2 * std::numbers::pi * frequency / 48'000);
        EXPECT_LE(largest_step(all, step), slope + slope / 10 + 5);
      }
    }
  }
}

TEST(TimeStretch, ReachesItsLengthInSilenceAndInNoise) {
  std::mt19937 random(7);
  for (const std::int64_t change : {-240, 240}) {
    for (const unsigned loudness : {1U, 20U, 8000U}) {
      const Samples all = stretched(500, 960, change, 1, [&](int) {
        Samples noise(960);
        for (std::int16_t& sample : noise) {
          sample = static_cast<std::int16_t>(static_cast<int>(random() % (2 * loudness)) - static_cast<int>(loudness));
        }
        return noise;
      });
      EXPECT_NEAR(static_cast<double>(all.size()), 500.0 * static_cast<double>(960 + change), TimeStretch::kPatience);
    }
  }
}

TEST(TimeStretch, MakesShortRunsLongerAndShorterToo) {
  for (const int length : {480, 960, 2400, 4800}) {
    for (const int share : {-4, 4}) {
      const Samples all =
          stretched(480'000 / length, length, length / share, 1, [&](int at) { return tone_of(150, at, length, 1); });
      EXPECT_NEAR(static_cast<double>(all.size()), 480'000 * (1 + 1.0 / share), TimeStretch::kPatience);
    }
  }
}

TEST(TimeStretch, LetsRunsThatAreTooShortThrough) {
  TimeStretch stretch(1);
  for (const std::size_t length : {0U, 1U, 100U, 240U}) {
    Samples samples(length, 5);
    stretch.run(samples, -120);
    EXPECT_EQ(samples.size(), length);
  }
  Samples samples(960, 5);
  stretch.run(samples, 0);
  EXPECT_EQ(samples.size(), 960U - 480U + static_cast<std::size_t>(-stretch.owed()));
}

TEST(TimeStretch, ForgetsWhatIsBeyondCorrecting) {
  TimeStretch stretch(1);
  Samples samples = tone_of(440, 0, 960, 1);
  stretch.run(samples, 1'000'000'000);
  EXPECT_EQ(samples.size(), 960U);
  EXPECT_EQ(stretch.owed(), 0);
}

}  // namespace
}  // namespace tidewire::codecs
