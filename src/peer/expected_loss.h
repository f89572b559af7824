// How much loss an encoder of sound is to be ready for, from what the other end reports of it.
#pragma once

#include <algorithm>
#include <cmath>

#include "codecs/audio_codec.h"

namespace tidewire::peer {

class ExpectedLoss {
 public:
  // Percent. What is expected of any network; and what redundancy of one frame back is of use for: with more loss than
  // that, it is its bits that are missing elsewhere.
  static constexpr int kLeast = codecs::AudioEncoderConfig{}.expected_loss_percent;
  static constexpr int kMost = 25;
  // The share of a report, which comes about once a second. Sound without redundancy is lost for good, while redundancy
  // without loss costs little, and loss comes back: up in a few seconds, down in a quarter of a minute.
  static constexpr double kRise = 0.5;
  static constexpr double kFall = 0.15;

  // `fraction_lost`: 0 to 1.
  void note(double fraction_lost) {
    smoothed_ += (fraction_lost > smoothed_ ? kRise : kFall) * (fraction_lost - smoothed_);
  }
  int percent() const { return std::clamp(static_cast<int>(std::lround(100 * smoothed_)), kLeast, kMost); }

 private:
  double smoothed_ = 0;
};

}  // namespace tidewire::peer
