// When a video frame is due, from its RTP timestamp: a fixed delay after the time at which it could have been complete
// at the earliest, so that the network's jitter does not show as long as it stays below the delay.
#pragma once

#include <cstdint>
#include <optional>

#include "base/serial.h"
#include "tidewire/time.h"

namespace tidewire::media {

class PlayoutClock {
 public:
  PlayoutClock(std::uint32_t clock_rate, Duration delay) : clock_rate_(clock_rate), delay_(delay) {}

  void set_delay(Duration delay) { delay_ = delay; }
  // A frame with this timestamp became complete. Answers when it is due: not before it was complete.
  Timestamp handle_frame(std::uint32_t rtp_timestamp, Timestamp complete);
  void reset();

 private:
  std::uint32_t clock_rate_;
  Duration delay_;
  Unwrapper<std::uint32_t> timestamps_;
  std::optional<Timestamp> origin_;  // when a frame of timestamp zero could have been complete
};

}  // namespace tidewire::media
