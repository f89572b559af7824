// Which of the codecs that were negotiated serves best by now: one that makes more of few bits, or one that takes less
// of a busy machine.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>

#include "tidewire/encoded_frame.h"
#include "tidewire/time.h"

namespace tidewire::session {

class CodecChooser {
 public:
  // Below this, which is what VP8 takes for 480p, it is seen that another codec makes more of it.
  static constexpr std::uint64_t kThin = 480'000;
  static constexpr Duration kThinFor = std::chrono::seconds{5};
  // VP9 takes about twice the time that VP8 takes, AV1 up to four times.
  static constexpr double kIdle = 0.2;
  // A change costs a key frame and is seen: three a minute at most.
  static constexpr Duration kLeastBetween = std::chrono::seconds{20};
  // What this machine could not encode is left alone for so long.
  static constexpr Duration kForgive = std::chrono::minutes{5};

  // The path carries so much of `present`, and encoding it takes that share of the time. `usable`: in the order of
  // preference. Nothing: it stays.
  std::optional<CodecType> consider(CodecType present, std::uint64_t bitrate, std::optional<double> usage,
                                    std::span<const CodecType> usable, Timestamp now);
  // The machine cannot encode so much of `present`.
  std::optional<CodecType> relieve(CodecType present, std::span<const CodecType> usable, Timestamp now);

 private:
  bool too_early(Timestamp now) const { return changed_at_ && now - *changed_at_ < kLeastBetween; }

  std::optional<Timestamp> thin_since_;
  std::optional<Timestamp> changed_at_;
  std::map<CodecType, Timestamp> too_much_until_;
};

}  // namespace tidewire::session
