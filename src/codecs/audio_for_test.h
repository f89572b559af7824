// What the tests of all audio codecs share: a tone, and what is left of it.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <random>
#include <vector>

#include "tidewire/audio_frame.h"

namespace tidewire::codecs {

constexpr double kTone = 440;

// `length` samples per channel of a tone at -12 dBFS, from sample `start` of it on.
inline AudioFrame tone(int start, int length, int channels = 1) {
  AudioFrame frame{.channels = channels,
                   .timestamp = Timestamp{Duration{start * std::int64_t{1'000'000'000} / 48'000}}};
  for (int i = 0; i < length; ++i) {
    const double value = 0.25 * 32767 * std::sin(2 * std::numbers::pi * kTone * (start + i) / 48'000);
    frame.samples.insert(frame.samples.end(), static_cast<std::size_t>(channels), static_cast<std::int16_t>(value));
  }
  return frame;
}

// As loud as that: a voice that rises, falls and takes breath, over a little noise.
inline AudioFrame voice(int start, int length) {
  AudioFrame frame = tone(start, length);
  std::mt19937 random(static_cast<unsigned>(start));
  for (std::size_t i = 0; i < frame.samples.size(); ++i) {
    const auto moment = static_cast<std::size_t>(start) + i;
    const double t = static_cast<double>(moment) / 48'000;
    const double phase = 2 * std::numbers::pi * (140 * t + 0.8 * std::sin(2 * std::numbers::pi * 3 * t));
    double sum = 0;
    for (int k = 1; k <= 20; ++k) sum += std::sin(phase * k) / (1 + std::abs(k - 5));
    const double loudness = std::pow(0.5 + 0.5 * std::sin(2 * std::numbers::pi * 3.1 * t), 1.5);
    const double noise = static_cast<double>(random() % 201) - 100;
    frame.samples[i] = static_cast<std::int16_t>(5000 * loudness * sum + noise);
  }
  return frame;
}

// The root mean square of each run of 10 ms, 0 … 1.
inline std::vector<double> levels(const std::vector<std::int16_t>& samples) {
  constexpr std::size_t kSlot = 480;
  std::vector<double> all;
  for (std::size_t at = 0; at + kSlot <= samples.size(); at += kSlot) {
    double energy = 0;
    for (std::size_t i = at; i < at + kSlot; ++i) energy += double{1} * samples[i] * samples[i];
    all.push_back(std::sqrt(energy / kSlot) / 32'768);
  }
  return all;
}

// Peak amplitude (0 … 1) of the part at `frequency`, of the first channel.
inline double amplitude(const std::vector<std::int16_t>& samples, double frequency, std::size_t channels = 1) {
  double re = 0;
  double im = 0;
  const std::size_t length = samples.size() / channels;
  for (std::size_t i = 0; i < samples.size(); i += channels) {
    const std::size_t moment = i / channels;
    const double angle = 2 * std::numbers::pi * frequency * static_cast<double>(moment) / 48'000;
    re += samples[i] * std::cos(angle);
    im += samples[i] * std::sin(angle);
  }
  return std::hypot(re, im) * 2 / 32767 / static_cast<double>(length);
}

}  // namespace tidewire::codecs
