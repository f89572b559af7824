#include "session/video_ladder.h"

#include <algorithm>

namespace tidewire::session {
namespace {

// The highest step that `bitrate` carries.
std::size_t step_for(double bitrate, double margin) {
  std::size_t step = 0;
  while (step + 1 < VideoLadder::kSteps.size() &&
         bitrate < margin * static_cast<double>(VideoLadder::kSteps[step].bitrate)) {
    ++step;
  }
  return step;
}

}  // namespace

Resolution VideoLadder::size(std::uint64_t bitrate, double efficiency, Timestamp now) {
  const double worth = static_cast<double>(bitrate) * efficiency;
  if (!step_) step_ = step_for(worth, 1.0);
  if (const std::size_t lower = step_for(worth, kLeaveBelow); lower > *step_) {
    step_ = lower;
    higher_since_.reset();
  }
  const std::size_t higher = step_for(worth, kReachAbove);
  if (higher >= *step_) {
    higher_since_.reset();
  } else if (!higher_since_) {
    higher_since_ = now;
  } else if (now - *higher_since_ >= kReachAfter) {
    step_ = higher;
    higher_since_.reset();
  }
  return kSteps[*step_].size;
}

double VideoLadder::framerate(std::uint64_t bitrate, double efficiency) {
  constexpr double kStep = 5;
  constexpr int kMost = 6;  // steps
  const double part = static_cast<double>(bitrate) * efficiency / static_cast<double>(kSteps[1].bitrate);
  return kStep * std::clamp(static_cast<int>(part * kMost), 1, kMost);
}

}  // namespace tidewire::session
