// When a video frame is due, from its RTP timestamp: as early as the network's jitter allows and the owner, the sender
// and the sound that belongs to it wish. The delay rises quickly and falls slowly; a late frame is due at once.
#pragma once

#include <cstdint>
#include <optional>

#include "base/serial.h"
#include "media/video_jitter.h"
#include "tidewire/time.h"

namespace tidewire::media {

class VideoPlayout {
 public:
  // What jitter may demand. Longer delays are for those who ask for them.
  static constexpr Duration kMaxJitterDelay = std::chrono::seconds{1};
  // What may be asked for: W3C RTCRtpReceiver.jitterBufferTarget has this limit, and the packets have to be kept.
  static constexpr Duration kMaxDelay = std::chrono::seconds{4};
  // A frame that is late by more, or early by more, begins a new timeline.
  static constexpr Duration kMaxLateness = std::chrono::seconds{3};
  static constexpr Duration kMaxEarliness = std::chrono::milliseconds{500};

  struct Frame {
    std::uint32_t rtp_timestamp = 0;
    Timestamp first_packet{};
    Timestamp complete{};
    std::size_t size = 0;
    bool key_frame = false;
    bool repeated = false;  // a packet of it was asked for again
  };

  explicit VideoPlayout(std::uint32_t clock_rate) : clock_rate_(clock_rate) {}

  // What the owner wants as a minimum.
  void set_minimum(Duration delay);
  // What the sender wants (its playout delay extension). The owner's minimum is above the sender's maximum.
  void set_sender_bounds(Duration minimum, Duration maximum);
  // What waiting for the sound calls for, as a minimum. With sound the delay rises no faster than that of sound can.
  void set_sync_delay(Duration delay, bool with_sound);

  // A frame became complete, in decoding order. Answers when it is due: not before it was complete.
  Timestamp handle_frame(const Frame& frame);
  void reset();

  // From when a frame could be there at the earliest to when it is due: as jitter alone would have it, as it is aimed
  // at, and as it is.
  Duration minimum_delay() const { return std::min(jitter_.demand(), kMaxJitterDelay); }
  Duration target_delay() const;
  Duration current_delay() const { return std::max(offset_ - jitter_.floor(), Duration::zero()); }

 private:
  Duration media_time(std::uint32_t rtp_timestamp);
  bool is_new_timeline(const Frame& frame, Duration media_time) const;
  void approach_target(Duration interval);

  std::uint32_t clock_rate_;
  Unwrapper<std::uint32_t> timestamps_;
  VideoJitter jitter_;
  Duration minimum_{};
  Duration sender_minimum_{};
  Duration sender_maximum_ = kMaxDelay;
  Duration sync_delay_{};
  bool with_sound_ = false;
  std::optional<Duration> last_media_time_;
  int frames_ = 0;     // of this timeline, up to kSettling
  Duration offset_{};  // from media time to when it is due
};

}  // namespace tidewire::media
