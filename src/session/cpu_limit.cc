#include "session/cpu_limit.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iterator>

namespace tidewire::session {
namespace {

// Sizes are rounded to even numbers.
constexpr double kSame = 0.97;

double ratio(Resolution picture, Resolution into) {
  const auto [short_side, long_side] = std::minmax(picture.width, picture.height);
  return std::max(static_cast<double>(long_side) / into.width, static_cast<double>(short_side) / into.height);
}

}  // namespace

double fit_factor(Resolution picture, Resolution into) { return std::max(1.0, ratio(picture, into)); }

bool CpuLimit::reduce(const EncoderLoad& load, DegradationPreference preference,
                      std::span<const VideoLadderStep> steps) {
  switch (preference) {
    case DegradationPreference::kMaintainFramerate: return shrink(load.size, steps);
    case DegradationPreference::kMaintainResolution: return slow_down(load, kLeastFramerate);
    case DegradationPreference::kBalanced: break;
  }
  return slow_down(load, kBalancedFramerate) || shrink(load.size, steps);
}

bool CpuLimit::relax(DegradationPreference preference, std::span<const VideoLadderStep> steps) {
  if (preference == DegradationPreference::kMaintainFramerate) return speed_up() || grow(steps);
  return grow(steps) || speed_up();
}

bool CpuLimit::shrink(Resolution present, std::span<const VideoLadderStep> steps) {
  const auto smaller =
      std::ranges::find_if(steps, [&](const VideoLadderStep& step) { return kSame * ratio(present, step.size) > 1; });
  if (smaller == steps.end()) return false;
  size_ = smaller->size;
  return true;
}

bool CpuLimit::grow(std::span<const VideoLadderStep> steps) {
  if (!size_) return false;
  const auto step = std::ranges::find(steps, *size_, &VideoLadderStep::size);
  if (step == steps.begin() || step == steps.end()) {
    size_.reset();
  } else {
    size_ = std::prev(step)->size;
  }
  return true;
}

// By a quarter of what comes now, to a multiple of five.
bool CpuLimit::slow_down(const EncoderLoad& load, double least) {
  constexpr double kPart = 0.75;
  constexpr double kStep = 5;
  const std::chrono::duration<double> elapsed = load.elapsed;
  if (elapsed <= elapsed.zero()) return false;
  const double present = std::min(static_cast<double>(load.pictures) / elapsed.count(), framerate_.value_or(240));
  const double wanted = std::max(least, kStep * std::floor(kPart * present / kStep));
  if (wanted >= kSame * present) return false;
  framerate_ = wanted;
  return true;
}

bool CpuLimit::speed_up() {
  constexpr double kStep = 5;
  if (!framerate_) return false;
  framerate_ = *framerate_ + kStep;
  if (*framerate_ >= kFullFramerate) framerate_.reset();
  return true;
}

bool CpuLimit::drop_if_idle(const EncoderLoad& load, const SendEncoding& granted) {
  if (!size_ || granted.scale_resolution_down_to != size_ || load.size.width == 0) return false;
  if (ratio(load.size, *size_) >= kSame) return false;
  size_.reset();
  return true;
}

bool CpuLimit::apply(SendEncoding& granted) const {
  bool takes = false;
  if (size_) {
    const Resolution most = granted.scale_resolution_down_to.value_or(*size_);
    const Resolution fits{std::min(most.width, size_->width), std::min(most.height, size_->height)};
    takes = granted.scale_resolution_down_to != fits;
    granted.scale_resolution_down_to = fits;
  }
  if (framerate_ && granted.parameters.max_framerate.value_or(240) > *framerate_) {
    granted.parameters.max_framerate = *framerate_;
    takes = true;
  }
  return takes;
}

}  // namespace tidewire::session
