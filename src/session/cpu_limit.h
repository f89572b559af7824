// How far pictures are reduced because this machine cannot encode more: in size, in number, or both.
#pragma once

#include <optional>
#include <span>

#include "tidewire/encoder_load.h"
#include "tidewire/rtp_parameters.h"
#include "tidewire/send_encoding.h"
#include "tidewire/video_ladder.h"

namespace tidewire::session {

class CpuLimit {
 public:
  // Pictures a second: fewer are no motion; and where balanced pictures stop to slow down and shrink.
  static constexpr double kLeastFramerate = 5;
  static constexpr double kBalancedFramerate = 20;
  static constexpr double kFullFramerate = 30;

  // A step less than what `load` tells of, by what is to be kept. False when there is no less.
  bool reduce(const EncoderLoad& load, DegradationPreference preference, std::span<const VideoLadderStep> steps);
  // A step more. False when nothing is limited.
  bool relax(DegradationPreference preference, std::span<const VideoLadderStep> steps);
  // What the source gives is smaller than the size that `granted` allows because of this: it is no limit.
  bool drop_if_idle(const EncoderLoad& load, const SendEncoding& granted);

  // True when it takes something from `granted`.
  bool apply(SendEncoding& granted) const;

  std::optional<Resolution> size() const { return size_; }
  std::optional<double> framerate() const { return framerate_; }

 private:
  bool shrink(Resolution present, std::span<const VideoLadderStep> steps);
  bool slow_down(const EncoderLoad& load, double least);
  bool grow(std::span<const VideoLadderStep> steps);
  bool speed_up();

  std::optional<Resolution> size_;
  std::optional<double> framerate_;
};

// What the sides of a picture are to be divided by to fit, whichever way it lies; 1 at least.
double fit_factor(Resolution picture, Resolution into);

}  // namespace tidewire::session
