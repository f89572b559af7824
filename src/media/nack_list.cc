#include "media/nack_list.h"

#include <algorithm>

namespace tidewire::media {

namespace {

// Without overtaking for this long, less of it is tolerated.
constexpr Duration kToleranceMemory = std::chrono::seconds{10};

}  // namespace

bool NackList::handle_packet(std::int64_t sequence_number, Timestamp now, bool again) {
  if (!started_ || sequence_number == highest_ + 1) {
    started_ = true;
    highest_ = sequence_number;
    return true;
  }
  if (sequence_number <= highest_) {
    const auto found = std::lower_bound(missing_.begin(), missing_.end(), sequence_number,
                                        [](const Missing& m, std::int64_t n) { return m.sequence_number < n; });
    if (found != missing_.end() && found->sequence_number == sequence_number) {
      arrived(*found, now, again);
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
  if (tolerance_ > kReorderTolerance && now - overtaken_at_ > kToleranceMemory) {
    tolerance_ = std::max<Duration>(tolerance_ / 2, kReorderTolerance);
    overtaken_at_ = now;
  }
  for (std::int64_t n = highest_ + 1; n < sequence_number; ++n)
    missing_.push_back({n, now, now + tolerance_, {}, {}, 0});
  due_ = std::min(due_, now + tolerance_);
  highest_ = sequence_number;
  return true;
}

void NackList::arrived(const Missing& missing, Timestamp now, bool again) {
  if (again) return measure_round_trip(missing, now);
  // It was overtaken, and not lost. Half a millisecond on top, for those that are as late.
  const Duration late = std::min<Duration>(now - missing.since + std::chrono::microseconds{500}, kMaxReorderTolerance);
  if (late > tolerance_) tolerance_ += (late - tolerance_) / 2;
  if (late > tolerance_ / 2) overtaken_at_ = now;
}

// RFC 6298 §2. §3: of what was asked for twice, nobody knows which request was answered; it counts from the first one
// as long as nothing better is known.
void NackList::measure_round_trip(const Missing& missing, Timestamp now) {
  if (missing.tries == 0 || (missing.tries > 1 && smoothed_round_trip_)) return;
  const Duration sample = now - missing.first_asked;
  if (!smoothed_round_trip_) {
    smoothed_round_trip_ = sample;
    round_trip_variation_ = sample / 4;
    return;
  }
  const Duration error = sample - *smoothed_round_trip_;
  round_trip_variation_ += (std::chrono::abs(error) - round_trip_variation_) / 4;
  *smoothed_round_trip_ += error / 8;
}

std::optional<Duration> NackList::round_trip_time() const {
  if (!smoothed_round_trip_) return std::nullopt;
  return *smoothed_round_trip_ + std::max<Duration>(2 * round_trip_variation_, std::chrono::milliseconds{2});
}

std::optional<Timestamp> NackList::asked_for(std::int64_t sequence_number) const {
  const auto found = std::lower_bound(missing_.begin(), missing_.end(), sequence_number,
                                      [](const Missing& m, std::int64_t n) { return m.sequence_number < n; });
  if (found == missing_.end() || found->sequence_number != sequence_number || found->tries == 0) return std::nullopt;
  return found->last_asked;
}

void NackList::handle_recovered(std::int64_t sequence_number) {
  const auto erased = std::erase_if(missing_, [&](const Missing& m) { return m.sequence_number == sequence_number; });
  if (erased > 0) update_due();
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
  // What was measured has its variation with it; else, a quarter on top. Never so often that one loss becomes a storm.
  const Duration round_trip = this->round_trip_time().value_or(round_trip_time * 5 / 4);
  const Duration patience =
      std::clamp<Duration>(round_trip, std::chrono::milliseconds{20}, std::chrono::milliseconds{1000});
  std::size_t count = 0;
  for (Missing& missing : missing_) {
    if (count == out.size()) break;
    if (now < missing.due) continue;
    out[count++] = static_cast<std::uint16_t>(missing.sequence_number);
    if (missing.tries++ == 0) missing.first_asked = now;
    missing.last_asked = now;
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
