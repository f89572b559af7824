#include "session/codec_chooser.h"

#include "session/video_ladder.h"

namespace tidewire::session {

std::optional<CodecType> CodecChooser::consider(CodecType present, std::uint64_t bitrate, std::optional<double> usage,
                                                std::span<const CodecType> usable, Timestamp now) {
  if (bitrate == 0 || bitrate >= kThin) {
    thin_since_.reset();
    return std::nullopt;
  }
  if (!thin_since_) thin_since_ = now;
  if (now - *thin_since_ < kThinFor || too_early(now) || !usage || *usage > kIdle) return std::nullopt;
  CodecType best = present;
  for (const CodecType codec : usable) {
    const auto distrusted = too_much_until_.find(codec);
    if (distrusted != too_much_until_.end() && now < distrusted->second) continue;
    if (coding_efficiency(codec) > coding_efficiency(best)) best = codec;
  }
  if (best == present) return std::nullopt;
  changed_at_ = now;
  return best;
}

std::optional<CodecType> CodecChooser::relieve(CodecType present, std::span<const CodecType> usable, Timestamp now) {
  if (too_early(now)) return std::nullopt;
  for (const CodecType codec : usable) {
    // Those that make most of few bits take the time for it.
    if (coding_efficiency(codec) > 1 || coding_efficiency(present) <= 1) continue;
    too_much_until_[present] = now + kForgive;
    changed_at_ = now;
    return codec;
  }
  return std::nullopt;
}

}  // namespace tidewire::session
