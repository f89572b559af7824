// Raw sound: a short run of interleaved 16-bit samples.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "tidewire/time.h"

namespace tidewire {

struct AudioFrame {
  // Interleaved: left, right, left, right …
  std::vector<std::int16_t> samples;
  int sample_rate = 48000;  // Hz
  int channels = 1;
  // When the first sample was captured, or is due to be played.
  Timestamp timestamp{};

  std::size_t samples_per_channel() const {
    return channels > 0 ? samples.size() / static_cast<std::size_t>(channels) : 0;
  }
  Duration duration() const {
    return Duration{static_cast<Duration::rep>(samples_per_channel()) * 1'000'000'000 / sample_rate};
  }
};

// Takes each run of samples of a source or of a decoder. Called on the thread that the giver documents.
using AudioSink = std::function<void(const AudioFrame&)>;

}  // namespace tidewire
