// How late the packets of a sound stream come, against the fastest one of late: what the delay of its playout is
// made of.
//
// Arrivals are gathered in intervals of 100 ms, of which only the earliest and the latest count. A stall whose packets
// come all at once is one interval among a hundred, then; a path that bursts all the time is late in each of them. The
// window forgets after ten seconds, so that a sender's clock that is off by 500 ppm shifts the picture by 5 ms at most,
// and a path that became slower is the new measure after that time.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "tidewire/time.h"

namespace tidewire::media {

class AudioArrival {
 public:
  static constexpr Duration kInterval = std::chrono::milliseconds{100};
  static constexpr Duration kWindow = std::chrono::seconds{10};
  // Of a hundred intervals the latest one is left out: a single stall is no rule.
  static constexpr double kQuantile = 0.985;
  // Intervals that it takes to know the path; until then delay() is not less than what was known before.
  static constexpr std::size_t kFewIntervals = 10;
  static constexpr Duration kFirstGuess = std::chrono::milliseconds{20};
  // Packets that come earlier than any before by more than this are of another timeline.
  static constexpr Duration kMaxEarlier = std::chrono::milliseconds{500};
  // Those that come later by more than this are not counted, until they have done so for `kPatience`: then the sender
  // has stopped its clock for a while, and it is another timeline, too.
  static constexpr Duration kMaxLater = std::chrono::seconds{1};
  static constexpr Duration kPatience = std::chrono::milliseconds{300};

  // The timestamp of a packet that came for the first time, as a time.
  void handle_packet(Duration media_time, Timestamp now);
  // Another timeline begins. What was known about the path is taken for the first guess.
  void reset();

  // Whether origin() means anything.
  bool known() const { return count_ > 0 && far_since_ == kNever; }
  // When a packet of media time zero could have come at the earliest.
  Timestamp origin() const { return origin_; }
  // How much later than that packets come, but for the worst of them.
  Duration delay() const { return count_ < kFewIntervals ? std::max(delay_, guess_) : delay_; }

 private:
  struct Interval {
    Timestamp since{};
    Timestamp earliest{};  // origin, by the packet that came fastest
    Timestamp latest{};
  };
  static constexpr std::size_t kMaxIntervals = kWindow / kInterval + 2;

  Interval& at(std::size_t i) { return intervals_[(first_ + i) % kMaxIntervals]; }
  void expire(Timestamp now);
  void record(Timestamp origin, Timestamp now);
  void measure();

  std::array<Interval, kMaxIntervals> intervals_{};
  std::size_t first_ = 0;
  std::size_t count_ = 0;
  Timestamp origin_{};
  Duration delay_{};
  Duration guess_ = kFirstGuess;
  Timestamp far_since_ = kNever;
};

}  // namespace tidewire::media
