// How loud sound is.
#pragma once

#include <cmath>

#include "tidewire/audio_frame.h"

namespace tidewire::codecs {

// The root mean square of the samples, 0 to 1 (full scale): the W3C's audioLevel. Zero when there are none.
inline double audio_level(const AudioFrame& frame) {
  if (frame.samples.empty()) return 0;
  double energy = 0;
  for (const std::int16_t sample : frame.samples) energy += double{1} * sample * sample;
  return std::sqrt(energy / static_cast<double>(frame.samples.size())) / 32'768;
}

}  // namespace tidewire::codecs
