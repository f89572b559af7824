// What the encoder of a transceiver has to say in how its pictures are sent: beside what the path carries, there is
// what this machine can encode, and how well it looks.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "session/codec_chooser.h"
#include "session/cpu_limit.h"
#include "session/overuse_detector.h"
#include "session/quality_scaler.h"

namespace tidewire::session {

// Of a transceiver with one encoding of pictures: of several, each has the size that tells it from the others.
class EncoderLimits {
 public:
  // A larger picture than the ladder says is sent when the rate is this part of what that size takes; and down to that
  // part.
  static constexpr double kEarlyReach = 0.95;
  static constexpr double kEarlyLeave = 0.85;

  // How it is sent, and what may be made of it.
  struct Sending {
    const SendEncoding* granted = nullptr;
    DegradationPreference preference = DegradationPreference::kMaintainFramerate;
    bool details = false;                    // these keep their size, however coarse they are
    std::span<const VideoLadderStep> steps;  // of the ladder
    std::span<const CodecType> codecs;       // to choose from; none: the codec stays
  };

  // True when something else is to be sent from now on: another codec(), or what apply() makes of it.
  bool note_load(const EncoderLoad& load, const Sending& sending, Timestamp now);
  bool note_picture(const EncodedFrame& picture, Timestamp now);

  // Corrects what the path was found to carry.
  void apply(SendEncoding& granted, const Sending& sending);
  // Whether the machine took something from it.
  bool limits() const { return limits_; }
  // What was made of it is sent from now on, in place of `before`.
  void note_change(const SendEncoding& before, const SendEncoding& after, Timestamp now);

  // In place of the one that is preferred.
  std::optional<CodecType> codec() const { return codec_; }

 private:
  void correct_size(SendEncoding& granted, std::span<const VideoLadderStep> steps);

  OveruseDetector overuse_;
  CpuLimit cpu_;
  QualityScaler quality_;
  CodecChooser chooser_;
  std::optional<CodecType> codec_;
  bool early_ = false;  // larger than the ladder says
  bool limits_ = false;
};

}  // namespace tidewire::session
