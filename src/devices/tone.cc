#include "devices/tone.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace tidewire::devices {

namespace {

constexpr double kFullScale = 32767;
constexpr double kTurn = 2 * std::numbers::pi;

}  // namespace

ToneGenerator::ToneGenerator(double frequency, double level, int sample_rate)
    : step_(kTurn * frequency / sample_rate), amplitude_(kFullScale * std::pow(10.0, level / 20)) {}

void ToneGenerator::fill(std::span<std::int16_t> samples, int channels) {
  const auto width = static_cast<std::size_t>(channels);
  for (std::size_t i = 0; i + width <= samples.size(); i += width) {
    const auto value = static_cast<std::int16_t>(std::lround(amplitude_ * std::sin(phase_)));
    std::fill_n(samples.begin() + static_cast<std::ptrdiff_t>(i), width, value);
    phase_ += step_;
    if (phase_ >= kTurn) phase_ -= kTurn;
  }
}

double tone_amplitude(std::span<const std::int16_t> samples, double frequency, int sample_rate) {
  if (samples.empty()) return 0;
  // A Hann window keeps a loud tone from leaking over the whole scale; its mean is one half.
  const double length = static_cast<double>(samples.size());
  const double factor = 2 * std::cos(kTurn * frequency / sample_rate);
  double one_back = 0;
  double two_back = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double window = 0.5 - 0.5 * std::cos(kTurn * static_cast<double>(i) / length);
    const double next = samples[i] * window + factor * one_back - two_back;
    two_back = one_back;
    one_back = next;
  }
  const double power = one_back * one_back + two_back * two_back - factor * one_back * two_back;
  return std::sqrt(std::max(0.0, power)) * 4 / length / kFullScale;
}

double dominant_frequency(std::span<const std::int16_t> samples, int sample_rate) {
  // A tenth of a second tells frequencies 20 Hz apart; more would only cost time.
  samples = samples.first(std::min(samples.size(), static_cast<std::size_t>(sample_rate / 10)));
  if (samples.size() < static_cast<std::size_t>(sample_rate / 50)) return 0;
  double best = 0;
  double loudest = 0.001;  // -60 dBFS
  auto scan = [&](double from, double to, double step) {
    for (double frequency = from; frequency <= to; frequency += step) {
      const double amplitude = tone_amplitude(samples, frequency, sample_rate);
      if (amplitude <= loudest) continue;
      loudest = amplitude;
      best = frequency;
    }
  };
  scan(50, 4000, 10);
  if (best > 0) scan(best - 9, best + 9, 1);
  return best;
}

}  // namespace tidewire::devices
