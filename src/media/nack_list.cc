#include "media/nack_list.h"

#include <algorithm>

namespace tidewire::media {

bool NackList::handle_packet(std::int64_t sequence_number, Timestamp now) {
  if (!started_ || sequence_number == highest_ + 1) {
    started_ = true;
    highest_ = sequence_number;
    return true;
  }
  if (sequence_number <= highest_) {
    const auto found = std::lower_bound(missing_.begin(), missing_.end(), sequence_number,
                                        [](const Missing& m, std::int64_t n) { return m.sequence_number < n; });
    if (found != missing_.end() && found->sequence_number == sequence_number) {
      missing_.erase(found);
      update_due();
    }
    return true;
  }
  const auto gap = static_cast<std::size_t>(sequence_number - highest_ - 1);
  if (missing_.size() + gap > kMaxMissing) {
    clear();
    started_ = true;
    highest_ = sequence_number;
    return false;
  }
  for (std::int64_t n = highest_ + 1; n < sequence_number; ++n)
    missing_.push_back({n, now, now + kReorderTolerance, 0});
  due_ = std::min(due_, now + kReorderTolerance);
  highest_ = sequence_number;
  return true;
}

void NackList::forget_before(std::int64_t sequence_number) {
  const auto end = std::lower_bound(missing_.begin(), missing_.end(), sequence_number,
                                    [](const Missing& m, std::int64_t n) { return m.sequence_number < n; });
  if (end == missing_.begin()) return;
  missing_.erase(missing_.begin(), end);
  update_due();
}

void NackList::clear() {
  missing_.clear();
  started_ = false;
  due_ = kNever;
}

std::size_t NackList::collect(std::span<std::uint16_t> out, Timestamp now, Duration round_trip_time) {
  if (now < due_) return 0;
  // A quarter on top of the round trip for its variation, and never so often that one loss becomes a storm.
  const Duration patience =
      std::clamp<Duration>(round_trip_time * 5 / 4, std::chrono::milliseconds{20}, std::chrono::milliseconds{1000});
  std::size_t count = 0;
  for (Missing& missing : missing_) {
    if (count == out.size()) break;
    if (now < missing.due) continue;
    out[count++] = static_cast<std::uint16_t>(missing.sequence_number);
    ++missing.tries;
    missing.due = now + patience;
  }
  std::erase_if(missing_, [](const Missing& m) { return m.tries >= kMaxTries; });
  update_due();
  return count;
}

void NackList::update_due() {
  due_ = kNever;
  for (const Missing& missing : missing_) due_ = std::min(due_, missing.due);
}

}  // namespace tidewire::media
