// What the tests of all audio codecs share: a tone, and what is left of it.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
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
