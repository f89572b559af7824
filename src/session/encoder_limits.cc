#include "session/encoder_limits.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "session/video_ladder.h"

namespace tidewire::session {

bool EncoderLimits::note_load(const EncoderLoad& load, const Sending& sending, Timestamp now) {
  const SendEncoding& granted = *sending.granted;
  const auto verdict = overuse_.note(load, now);
  if (verdict == OveruseDetector::Verdict::kOveruse) {
    // A cheaper codec leaves the picture as it is.
    if (const auto cheaper = chooser_.relieve(granted.codec, sending.codecs, now)) {
      codec_ = cheaper;
      return true;
    }
    EncoderLoad sized = load;
    if (load.size.width == 0) {
      sized.size = granted.scale_resolution_down_to.value_or(sending.steps.front().size);
    }
    return cpu_.reduce(sized, sending.preference, sending.steps);
  }
  if (cpu_.drop_if_idle(load, granted)) return true;
  if (verdict == OveruseDetector::Verdict::kUnderuse && cpu_.relax(sending.preference, sending.steps)) return true;
  const std::uint64_t bitrate = granted.paused || limits_ ? 0 : granted.bitrate;
  const auto other = chooser_.consider(granted.codec, bitrate, overuse_.usage(), sending.codecs, now);
  if (other) codec_ = other;
  return other.has_value();
}

bool EncoderLimits::note_picture(const EncodedFrame& picture, Timestamp now) {
  return quality_.note(picture.codec, picture.quantizer, now);
}

void EncoderLimits::apply(SendEncoding& granted, const Sending& sending) {
  if (!sending.details && sending.preference != DegradationPreference::kMaintainResolution) {
    correct_size(granted, sending.steps);
  }
  limits_ = cpu_.apply(granted) && !granted.paused;
}

void EncoderLimits::correct_size(SendEncoding& granted, std::span<const VideoLadderStep> steps) {
  const auto step = granted.scale_resolution_down_to
                        ? std::ranges::find(steps, *granted.scale_resolution_down_to, &VideoLadderStep::size)
                        : steps.end();
  const bool was_early = std::exchange(early_, false);
  if (step == steps.end()) return;
  if (quality_.correction() < 0 && std::next(step) != steps.end()) {
    granted.scale_resolution_down_to = std::next(step)->size;
  } else if (quality_.correction() > 0 && step != steps.begin()) {
    const double worth = static_cast<double>(granted.bitrate) * coding_efficiency(granted.codec);
    early_ = worth >= (was_early ? kEarlyLeave : kEarlyReach) * static_cast<double>(std::prev(step)->bitrate);
    if (early_) granted.scale_resolution_down_to = std::prev(step)->size;
  }
}

void EncoderLimits::note_change(const SendEncoding& before, const SendEncoding& after, Timestamp now) {
  const bool another_picture = before.codec != after.codec || before.paused != after.paused ||
                               before.scale_resolution_down_to != after.scale_resolution_down_to ||
                               before.parameters.active != after.parameters.active;
  if (another_picture) quality_.restart(now);
  if (another_picture || before.parameters.max_framerate != after.parameters.max_framerate) overuse_.restart(now);
}

}  // namespace tidewire::session
