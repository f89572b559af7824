// The packets that are missing, and when to ask for each of them again.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "tidewire/time.h"

namespace tidewire::media {

class NackList {
 public:
  // Packets that are missing at once, at most. A longer gap is not worth filling: a key frame is.
  static constexpr std::size_t kMaxMissing = 512;
  // A packet may be overtaken by this much before it is asked for; by more where packets were seen to be, up to the
  // second.
  static constexpr Duration kReorderTolerance = std::chrono::milliseconds{5};
  static constexpr Duration kMaxReorderTolerance = std::chrono::milliseconds{40};
  static constexpr int kMaxTries = 20;
  // Assumed as long as nothing is known.
  static constexpr Duration kDefaultRoundTrip = std::chrono::milliseconds{100};

  NackList() { missing_.reserve(kMaxMissing); }

  // `again`: it came as a repetition (RFC 4588). False when too much is missing: then the list is empty, and a key
  // frame has to be asked for.
  bool handle_packet(std::int64_t sequence_number, Timestamp now, bool again = false);
  // It was rebuilt from others: that says nothing about when packets come.
  void handle_recovered(std::int64_t sequence_number);
  // What lies before is of no use any more.
  void forget_before(std::int64_t sequence_number);
  void clear();

  // Fills `out` with what is to be asked for now, in ascending order; answers how many. Each of them will be due again
  // a round trip later.
  std::size_t collect(std::span<std::uint16_t> out, Timestamp now, Duration round_trip_time);
  Timestamp next_timeout() const { return due_; }

  std::size_t size() const { return missing_.size(); }
  // Since when the oldest missing packet is missed; kNever when none is.
  Timestamp oldest() const { return missing_.empty() ? kNever : missing_.front().since; }
  // When the packet was asked for last; nothing when it was not, or is not missing.
  std::optional<Timestamp> asked_for(std::int64_t sequence_number) const;
  // From asking to getting, with what it varies by. Nothing until something was repeated.
  std::optional<Duration> round_trip_time() const;
  Duration reorder_tolerance() const { return tolerance_; }

 private:
  struct Missing {
    std::int64_t sequence_number = 0;
    Timestamp since{};
    Timestamp due{};
    Timestamp first_asked{};
    Timestamp last_asked{};
    int tries = 0;
  };
  void arrived(const Missing& missing, Timestamp now, bool again);
  void measure_round_trip(const Missing& missing, Timestamp now);
  void update_due();

  std::vector<Missing> missing_;  // ascending
  std::int64_t highest_ = -1;
  bool started_ = false;
  Timestamp due_ = kNever;
  Duration tolerance_ = kReorderTolerance;
  Timestamp overtaken_at_{};  // when the tolerance was last found right
  std::optional<Duration> smoothed_round_trip_;
  Duration round_trip_variation_{};
};

}  // namespace tidewire::media
