// Encoded frames of sound that wait for their turn, in the order of their timestamps.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "tidewire/bytes.h"
#include "tidewire/time.h"

namespace tidewire::media {

struct WaitingAudio {
  std::int64_t timestamp = 0;  // unwrapped
  std::uint32_t duration = 0;  // ticks
  // Of the packet that it came in, unwrapped; one less for each step back of a copy (RFC 2198).
  std::int64_t sequence_number = 0;
  Timestamp arrival{};
  std::uint32_t redundancy = 0;  // ticks of the time before it that it tells about
  bool redundancy_used = false;
  Bytes payload;
};

class AudioFrameQueue {
 public:
  // Frames that wait at most: the longest delay, and a burst. Further ones push out the oldest.
  static constexpr std::size_t kMaxFrames = 500;

  bool empty() const { return frames_.empty(); }
  std::size_t size() const { return frames_.size(); }
  WaitingAudio& front() { return frames_.front(); }

  bool contains(std::int64_t timestamp) const {
    const auto place = find(timestamp);
    return place != frames_.end() && place->timestamp == timestamp;
  }
  // One that is not contained yet. False when the oldest one had to go.
  bool insert(WaitingAudio frame) {
    // Mostly it is the newest: nothing moves.
    frames_.insert(find(frame.timestamp), std::move(frame));
    if (frames_.size() <= kMaxFrames) return true;
    frames_.erase(frames_.begin());
    return false;
  }
  WaitingAudio pop() {
    WaitingAudio frame = std::move(frames_.front());
    frames_.erase(frames_.begin());
    return frame;
  }
  // Room for frames stays.
  void clear() { frames_.clear(); }

 private:
  std::vector<WaitingAudio>::const_iterator find(std::int64_t timestamp) const {
    return std::lower_bound(frames_.begin(), frames_.end(), timestamp,
                            [](const WaitingAudio& w, std::int64_t t) { return w.timestamp < t; });
  }

  std::vector<WaitingAudio> frames_;
};

}  // namespace tidewire::media
