// What the video encoders have in common: clocks, bounds and threads.
#pragma once

#include <algorithm>
#include <cstdint>
#include <thread>

#include "codecs/picture.h"
#include "tidewire/time.h"

namespace tidewire::codecs {

constexpr int kVideoClockRate = 90'000;  // the RTP clock of every video payload format (RFC 3551 §5)
constexpr int kMinVideoBitrate = 30'000;
constexpr int kMaxVideoBitrate = 50'000'000;

constexpr int clamp_video_bitrate(int bits_per_second) {
  return std::clamp(bits_per_second, kMinVideoBitrate, kMaxVideoBitrate);
}

constexpr int clamp_framerate(int pictures_per_second) { return std::clamp(pictures_per_second, 1, 240); }

constexpr std::int64_t to_video_clock(Timestamp t) {
  // Seconds and the rest apart: nanoseconds times 90,000 would overflow after 28 hours.
  const auto ns = t.time_since_epoch().count();
  return ns / 1'000'000'000 * kVideoClockRate + ns % 1'000'000'000 * kVideoClockRate / 1'000'000'000;
}

// The libraries want times that only go up, and read the frame rate from them.
class PictureTimes {
 public:
  explicit PictureTimes(int max_framerate) : step_(kVideoClockRate / max_framerate) {}

  void restart() { last_ = -1; }
  void set_framerate(int max_framerate) { step_ = kVideoClockRate / max_framerate; }
  // On the 90 kHz clock, from zero at the first picture.
  std::int64_t next(Timestamp timestamp) {
    const std::int64_t absolute = to_video_clock(timestamp);
    if (last_ < 0) first_ = absolute;
    std::int64_t time = absolute - first_;
    if (time <= last_) time = last_ + step_;
    last_ = time;
    return time;
  }
  // So much of the time before the next picture does not count.
  void leave_out(Duration time) { first_ += time.count() / 1'000 * kVideoClockRate / 1'000'000; }
  std::int64_t step() const { return step_; }

 private:
  std::int64_t step_;
  std::int64_t first_ = 0;
  std::int64_t last_ = -1;
};

// Threads of the libraries spin while they wait for each other: on a machine whose cores are taken, two of libvpx are
// eight times slower than one, which needs 12 ms for 720p. So a second one needs cores to spare.
inline int encoder_threads(Size size, int wanted) {
  if (wanted > 0) return wanted;
  return size.pixels() >= 1280 * 720 && std::thread::hardware_concurrency() >= 4 ? 2 : 1;
}

}  // namespace tidewire::codecs
