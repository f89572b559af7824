// What getStats tells of a track that is sent (W3C media-source).
#pragma once

#include <array>
#include <cstddef>
#include <mutex>

#include "tidewire/audio_frame.h"
#include "tidewire/media_stats.h"
#include "tidewire/time.h"
#include "tidewire/video_frame.h"

namespace tidewire::peer {

// Written on the source's thread, read on any.
class SourceMeter {
 public:
  // More pictures of a second are not told apart.
  static constexpr std::size_t kMaxFramesPerSecond = 256;

  // Another track.
  void restart();
  void note(const VideoFrame& frame, Timestamp now);
  void note(const AudioFrame& frame);
  // Fills what is measured.
  void fill(MediaSourceStats& stats, Timestamp now) const;

 private:
  mutable std::mutex mutex_;
  MediaSourceStats totals_;
  std::array<Timestamp, kMaxFramesPerSecond> frame_times_{};  // a ring
};

}  // namespace tidewire::peer
