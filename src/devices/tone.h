// Tones: making one, and telling which one a recording holds. Pure functions, for the synthetic microphone and tests.
#pragma once

#include <cstdint>
#include <span>

namespace tidewire::devices {

// A sine whose phase goes on from one call to the next.
class ToneGenerator {
 public:
  // `level` is the peak in dB relative to full scale.
  ToneGenerator(double frequency, double level, int sample_rate = 48'000);
  // Fills interleaved samples; all channels carry the same.
  void fill(std::span<std::int16_t> samples, int channels = 1);

 private:
  double step_;
  double amplitude_;
  double phase_ = 0;
};

// Peak amplitude, relative to full scale (0 … 1), of the part of a mono recording at `frequency` (Goertzel).
double tone_amplitude(std::span<const std::int16_t> samples, double frequency, int sample_rate = 48'000);

// The loudest frequency between 50 Hz and 4 kHz of a mono recording, within 5 Hz given 100 ms of it; 0 when the
// recording is as good as silent (below -60 dBFS) or too short (below 20 ms).
double dominant_frequency(std::span<const std::int16_t> samples, int sample_rate = 48'000);

}  // namespace tidewire::devices
