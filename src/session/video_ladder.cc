#include "session/video_ladder.h"

#include <algorithm>
#include <string>

namespace tidewire {

// At the ends of a founding call: 2.5 Mbit/s carry 1080p, 800 kbit/s 480p.
std::vector<VideoLadderStep> default_video_ladder() {
  return {{{1920, 1080}, 1'700'000}, {{1280, 720}, 1'100'000}, {{854, 480}, 480'000},
          {{640, 360}, 260'000},     {{426, 240}, 140'000},    {{320, 180}, 0}};
}

Result<> check_video_ladder(const std::vector<VideoLadderStep>& ladder) {
  constexpr std::size_t kMost = 16;
  constexpr int kLeastSide = 16;
  const auto refuse = [](std::size_t step, const std::string& why) {
    return Error{ErrorCode::kRange, "video_ladder[" + std::to_string(step) + "] " + why};
  };
  if (ladder.empty() || ladder.size() > kMost) {
    return Error{ErrorCode::kRange, "video_ladder has " + std::to_string(ladder.size()) + " steps; give it 1 to 16"};
  }
  for (std::size_t i = 0; i < ladder.size(); ++i) {
    const Resolution size = ladder[i].size;
    if (size.width < size.height) return refuse(i, "is higher than wide; sizes are those of lying pictures");
    if (size.height < kLeastSide) return refuse(i, "is smaller than 16 pixels a side");
    if (i == 0) continue;
    const VideoLadderStep& before = ladder[i - 1];
    if (size.width > before.size.width || size.height > before.size.height || size == before.size) {
      return refuse(i, "is not smaller than the one before; list sizes from the largest to the smallest");
    }
    if (ladder[i].bitrate >= before.bitrate)
      return refuse(i, "does not take less than the one before; lower its bitrate");
  }
  return {};
}

namespace session {
namespace {

// The highest step that `bitrate` carries.
std::size_t step_for(std::span<const VideoLadderStep> steps, double bitrate, double margin) {
  std::size_t step = 0;
  while (step + 1 < steps.size() && bitrate < margin * static_cast<double>(steps[step].bitrate)) ++step;
  return step;
}

}  // namespace

double coding_efficiency(CodecType codec) {
  switch (codec) {
    case CodecType::kVp9: return 1.25;
    case CodecType::kAv1: return 1.5;
    default: return 1;
  }
}

Resolution VideoLadder::size(std::span<const VideoLadderStep> steps, std::uint64_t bitrate, double efficiency,
                             Timestamp now) {
  const double worth = static_cast<double>(bitrate) * efficiency;
  if (!step_) step_ = step_for(steps, worth, 1.0);
  if (const std::size_t lower = step_for(steps, worth, kLeaveBelow); lower > *step_) {
    step_ = lower;
    higher_since_.reset();
  }
  const std::size_t higher = step_for(steps, worth, kReachAbove);
  if (higher >= *step_) {
    higher_since_.reset();
  } else if (!higher_since_) {
    higher_since_ = now;
  } else if (now - *higher_since_ >= kReachAfter) {
    step_ = higher;
    higher_since_.reset();
  }
  return steps[*step_].size;
}

double VideoLadder::framerate(std::uint64_t bitrate, double efficiency) {
  constexpr double kStep = 5;
  constexpr int kMost = 6;  // steps
  const double part = static_cast<double>(bitrate) * efficiency / static_cast<double>(kFullMotion);
  return kStep * std::clamp(static_cast<int>(part * kMost), 1, kMost);
}

}  // namespace session
}  // namespace tidewire
