#include "devices/audio_mixer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <random>

#include "devices/playout_meter.h"
#include "devices/tone.h"

namespace tidewire::devices {
namespace {

// Pushes a tone in runs of any length, as a track does.
struct Source {
  Source(AudioMixer& to, double frequency, double level = -12, int a_rate = 48'000, int number = 1)
      : mixer(to), id(to.add()), rate(a_rate), channels(number), tone(frequency, level, a_rate) {}

  void push(int ms) {
    AudioFrame frame{.sample_rate = rate, .channels = channels};
    frame.samples.resize(static_cast<std::size_t>(rate / 1000 * ms * channels));
    tone.fill(frame.samples, channels);
    mixer.push(id, frame);
  }

  AudioMixer& mixer;
  AudioMixer::InputId id;
  int rate;
  int channels;
  ToneGenerator tone;
};

struct Ear {
  void pull(AudioMixer& mixer, int steps = 1) {
    for (int i = 0; i < steps; ++i) {
      const AudioFrame frame = mixer.pull();
      ASSERT_EQ(frame.channels, 2);
      ASSERT_EQ(frame.sample_rate, 48'000);
      ASSERT_EQ(frame.samples.size(), 960U);
      for (std::size_t k = 0; k < frame.samples.size(); k += 2) {
        left.push_back(frame.samples[k]);
        right.push_back(frame.samples[k + 1]);
      }
    }
  }
  // The largest step from one sample to the next: a click is one.
  int roughest() const {
    int most = 0;
    for (std::size_t i = 1; i < left.size(); ++i) most = std::max(most, std::abs(left[i] - left[i - 1]));
    return most;
  }
  double hears(double frequency) const { return tone_amplitude(left, frequency); }

  std::vector<std::int16_t> left;
  std::vector<std::int16_t> right;
};

TEST(AudioMixer, IsSilentWithoutSound) {
  AudioMixer mixer;
  Ear ear;
  ear.pull(mixer, 3);
  mixer.add();
  ear.pull(mixer, 3);
  EXPECT_TRUE(std::ranges::all_of(ear.left, [](std::int16_t sample) { return sample == 0; }));
}

TEST(AudioMixer, PassesASingleSoundAsItIs) {
  AudioMixer mixer;
  const auto id = mixer.add();
  ToneGenerator tone(440, -0.1);
  std::vector<std::int16_t> sent;
  Ear ear;
  for (int i = 0; i < 50; ++i) {
    AudioFrame frame;
    frame.samples.resize(960);
    tone.fill(frame.samples);
    sent.insert(sent.end(), frame.samples.begin(), frame.samples.end());
    mixer.push(id, frame);
    if (i >= 2) ear.pull(mixer, 2);
  }
  constexpr std::ptrdiff_t kFaded = 480;
  ASSERT_GE(sent.size(), ear.left.size());
  EXPECT_TRUE(std::equal(ear.left.begin() + kFaded, ear.left.end(), sent.begin() + kFaded));
  EXPECT_EQ(ear.left, ear.right);
}

TEST(AudioMixer, AddsSoundsOfAllShapes) {
  AudioMixer mixer;
  Source a(mixer, 300);
  Source b(mixer, 700, -12, 48'000, 2);
  Source c(mixer, 1100, -12, 16'000);
  Source d(mixer, 1900, -12, 44'000, 2);
  Ear ear;
  for (int i = 0; i < 50; ++i) {
    for (Source* source : {&a, &b, &c, &d}) source->push(20);
    if (i < 3) continue;
    ear.pull(mixer, 2);
  }
  ear.left.erase(ear.left.begin(), ear.left.begin() + 4800);
  for (const double frequency : {300, 700, 1100, 1900}) EXPECT_NEAR(ear.hears(frequency), 0.225, 0.04) << frequency;
}

TEST(AudioMixer, TurnsDownWhatIsTooLoudAndNeverWraps) {
  AudioMixer mixer;
  std::vector<Source> sources;
  for (const double frequency : {300, 500, 800, 1300, 2100}) sources.emplace_back(mixer, frequency, -1);
  Ear ear;
  for (int i = 0; i < 50; ++i) {
    for (Source& source : sources) source.push(20);
    if (i >= 2) ear.pull(mixer, 2);
  }
  // Of a wrap, neighbours would be 65,535 apart.
  EXPECT_LT(ear.roughest(), 20'000);
  ear.left.erase(ear.left.begin(), ear.left.begin() + 9600);
  EXPECT_LE(*std::ranges::max_element(ear.left), 31'000);
  for (const double frequency : {300, 500, 800, 1300, 2100}) EXPECT_GT(ear.hears(frequency), 0.12) << frequency;
  EXPECT_LT(ear.hears(900), 0.02) << "nothing of distortion";
  // When four of them leave, the last one is as loud as it was, after a while.
  for (std::size_t i = 1; i < sources.size(); ++i) mixer.remove(sources[i].id);
  for (int i = 0; i < 100; ++i) {
    sources[0].push(20);
    ear.left.clear();
    ear.pull(mixer, 2);
  }
  EXPECT_NEAR(*std::ranges::max_element(ear.left), 29'200, 300);
}

TEST(AudioMixer, FadesWhatStartsAndStops) {
  AudioMixer mixer;
  Source always(mixer, 440);
  Source other(mixer, 440);
  Ear ear;
  for (int i = 0; i < 200; ++i) {
    always.push(20);
    if (i / 25 % 2 == 1) other.push(20);
    if (i >= 2) ear.pull(mixer, 2);
  }
  // Two tones of 0.25 climb 0.03 of full scale in a sample at most.
  EXPECT_LT(ear.roughest(), 1000);
  EXPECT_GT(*std::ranges::max_element(ear.left), 12'000) << "both are heard, whatever their phases";
}

TEST(AudioMixer, BridgesRunsThatComeUnevenly) {
  AudioMixer mixer;
  Source source(mixer, 440);
  std::mt19937 random(7);
  Ear ear;
  int sent = 60;
  source.push(60);
  for (int now = 0; now < 10'000; now += 10) {
    // Up to 20 ms late
    if (now % 20 == 0 && random() % 2 == 0) {
      ear.pull(mixer);
      continue;
    }
    while (sent < now + 60) {
      source.push(20);
      sent += 20;
    }
    ear.pull(mixer);
  }
  EXPECT_LT(ear.roughest(), 500) << "a tone of 0.25 climbs 470 in a sample";
  EXPECT_NEAR(ear.hears(440), 0.25, 0.01);
}

TEST(AudioMixer, KeepsBurstsAndFastClocksShort) {
  AudioMixer mixer;
  Source source(mixer, 500);
  for (int i = 0; i < 500; ++i) source.push(20);
  Ear ear;
  // Ten seconds came at once, and then it goes on at a pace that is 1 % too fast.
  for (int i = 0; i < 3000; ++i) {
    if (i % 2 == 0) source.push(20);
    if (i % 100 == 0) source.push(10);
    ear.pull(mixer);
  }
  mixer.remove(source.id);
  EXPECT_LT(ear.roughest(), 700) << "no clicks";
  EXPECT_NEAR(ear.hears(500), 0.25, 0.05);
  Source fresh(mixer, 500);
  for (int i = 0; i < 500; ++i) fresh.push(20);
  int steps = 0;
  for (AudioFrame frame = mixer.pull(); std::ranges::max(frame.samples) > 0; frame = mixer.pull()) ++steps;
  EXPECT_LE(steps, 20) << "200 ms wait at most";
}

TEST(AudioMixer, DropsNonsense) {
  AudioMixer mixer;
  const auto id = mixer.add();
  mixer.push(id, {.samples = std::vector<std::int16_t>(9600, 1000), .channels = 3});
  mixer.push(id, {.samples = std::vector<std::int16_t>(9600, 1000), .sample_rate = 0});
  mixer.push(id, {.samples = {}, .sample_rate = 8'000});
  mixer.push(id + 1, {.samples = std::vector<std::int16_t>(9600, 1000)});
  mixer.push(id, {.samples = std::vector<std::int16_t>(9601, 1000), .channels = 2});
  mixer.remove(id);
  mixer.push(id, {.samples = std::vector<std::int16_t>(9600, 1000)});
  EXPECT_TRUE(mixer.empty());
  EXPECT_EQ(mixer.pull().samples, std::vector<std::int16_t>(960, 0));
}

// W3C RTCAudioPlayoutStats.
TEST(PlayoutMeter, CountsWhatIsPlayedWhatIsMissingAndHowLongItWaits) {
  constexpr Duration kQueued = std::chrono::milliseconds{20};
  AudioMixer mixer;
  PlayoutMeter meter;
  const auto pull = [&](int steps) {
    for (int i = 0; i < steps; ++i) {
      (void)mixer.pull();
      meter.note(mixer.step(), kQueued);
    }
  };
  pull(10);
  EXPECT_EQ(meter.stats().total_samples_count, 0U) << "nobody is there";
  Source source(mixer, 440);
  source.push(20);
  pull(1);
  EXPECT_EQ(meter.stats().total_samples_count, 0U) << "too little to begin with";
  source.push(30);
  for (int i = 0; i < 50; ++i) {
    pull(1);
    source.push(10);
  }
  // 50 ms waited in the mixer and 20 in the loudspeaker, for each sample.
  EXPECT_EQ(meter.stats().total_samples_count, 50 * AudioMixer::kStep);
  EXPECT_NEAR(meter.stats().total_samples_duration.count(), 0.5, 1e-9);
  EXPECT_NEAR(meter.stats().total_playout_delay.count(), 50 * AudioMixer::kStep * 0.07, 1e-6);
  EXPECT_EQ(meter.stats().synthesized_samples_events, 0U);
  // The 50 ms are played; three steps more are missing until sound is back.
  pull(5 + 3);
  EXPECT_EQ(meter.stats().synthesized_samples_events, 1U);
  EXPECT_NEAR(meter.stats().synthesized_samples_duration.count(), 0.03, 1e-9);
  source.push(50);
  pull(2);
  EXPECT_NEAR(meter.stats().synthesized_samples_duration.count(), 0.03, 1e-9);
  EXPECT_NEAR(meter.stats().total_samples_duration.count(), 0.6, 1e-9);
  // It ends: after a second nothing is expected of it any more.
  pull(500);
  EXPECT_EQ(meter.stats().synthesized_samples_events, 2U);
  EXPECT_NEAR(meter.stats().synthesized_samples_duration.count(), 0.03 + 0.99, 1e-9);
  EXPECT_NEAR(meter.stats().total_samples_duration.count(), 0.6 + 0.03 + 0.99, 1e-9);
}

TEST(PlayoutMeter, CountsWhatASoundLacksThoughAnotherGoesOn) {
  AudioMixer mixer;
  PlayoutMeter meter;
  Source one(mixer, 440);
  Source two(mixer, 880);
  one.push(40);
  two.push(200);
  for (int i = 0; i < 6; ++i) {
    (void)mixer.pull();
    meter.note(mixer.step(), {});
  }
  EXPECT_EQ(meter.stats().total_samples_count, 6 * AudioMixer::kStep);
  EXPECT_EQ(meter.stats().synthesized_samples_events, 1U);
  EXPECT_NEAR(meter.stats().synthesized_samples_duration.count(), 0.02, 1e-9);
}

}  // namespace
}  // namespace tidewire::devices
