// How smoothly pictures follow each other, under the names and by the rules of the W3C identifiers for WebRTC
// statistics (https://www.w3.org/TR/webrtc-stats/#dom-rtcinboundrtpstreamstats-freezecount).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "tidewire/time.h"

namespace tidewire::media {

class FreezeMeter {
 public:
  // A frame interval is a freeze when it is longer than three times the average of the last ones, and longer than the
  // average by this.
  static constexpr std::size_t kIntervals = 30;
  static constexpr Duration kFreeze = std::chrono::milliseconds{150};
  // Fewer intervals than this have no average.
  static constexpr std::size_t kFewest = 5;
  // After this, the source paused, and nothing is frozen.
  static constexpr Duration kPause = std::chrono::seconds{5};

  // A frame is given out, to be shown or only to be decoded.
  void handle_frame(Timestamp now, bool shown = true);
  // The source is another one: the time between is nobody's.
  void restart();

  std::uint64_t freezes() const { return freezes_; }
  Duration total_freezes() const { return total_freezes_; }
  std::uint64_t pauses() const { return pauses_; }
  Duration total_pauses() const { return total_pauses_; }
  Duration total_inter_frame_delay() const { return total_; }
  double total_squared_inter_frame_delay() const { return total_squared_; }  // s²
  // Frames of the last second, shown or not; at most as many as are remembered.
  std::size_t frames_per_second(Timestamp now) const;

 private:
  bool is_freeze(Duration interval) const;

  std::optional<Timestamp> last_;
  std::array<Duration, kIntervals> intervals_{};
  std::size_t count_ = 0;
  std::size_t next_ = 0;
  Duration sum_{};  // of intervals_
  std::array<Timestamp, 256> given_out_{};
  std::size_t given_out_count_ = 0;
  std::uint64_t freezes_ = 0;
  std::uint64_t pauses_ = 0;
  Duration total_freezes_{};
  Duration total_pauses_{};
  Duration total_{};
  double total_squared_ = 0;
};

}  // namespace tidewire::media
