// What a stream of sound played, in the samples that https://www.w3.org/TR/webrtc-stats/ counts.
#pragma once

#include <algorithm>
#include <cstdint>

#include "tidewire/rtp_stats.h"
#include "tidewire/time.h"

namespace tidewire::media {

class AudioSampleCounter {
 public:
  struct Delays {
    Duration waited{};   // from a frame's arrival to its playing
    Duration target{};   // what was aimed at,
    Duration minimum{};  // and what the network alone called for
  };

  // A frame that plays for `play_for` instead of `duration`.
  void played(InboundRtpStreamStats& stats, Duration duration, Duration play_for, const Delays& delays) {
    const std::uint64_t emitted = samples(duration);
    const std::uint64_t taken = samples(play_for);
    stats.total_samples_received += taken;
    if (taken > emitted) stats.inserted_samples_for_deceleration += taken - emitted;
    if (taken < emitted) stats.removed_samples_for_acceleration += emitted - taken;
    stats.jitter_buffer_emitted_count += emitted;
    const auto count = static_cast<double>(emitted);
    stats.jitter_buffer_delay += count * std::max(delays.waited, Duration::zero());
    stats.jitter_buffer_target_delay += count * delays.target;
    stats.jitter_buffer_minimum_delay += count * delays.minimum;
    in_event_ = false;
  }
  // A lost frame that redundancy brought back.
  void recovered(InboundRtpStreamStats& stats, Duration duration) {
    stats.total_samples_received += samples(duration);
    in_event_ = false;
  }

  void concealed(InboundRtpStreamStats& stats, Duration duration) {
    conceal(stats, duration);
    if (!in_event_) ++stats.concealment_events;
    in_event_ = true;
  }
  // The sender sent nothing for this time.
  void silent(InboundRtpStreamStats& stats, Duration duration) {
    conceal(stats, duration);
    stats.silent_concealed_samples += samples(duration);
  }
  // Nothing came yet, and what comes next will tell why: settle() says it.
  void unsettled(InboundRtpStreamStats& stats, Duration duration) {
    conceal(stats, duration);
    unsettled_ += samples(duration);
  }
  void settle(InboundRtpStreamStats& stats, bool silent) {
    if (unsettled_ == 0) return;
    if (silent) {
      stats.silent_concealed_samples += unsettled_;
    } else {
      if (!in_event_) ++stats.concealment_events;
      in_event_ = true;
    }
    unsettled_ = 0;
  }

 private:
  static std::uint64_t samples(Duration duration) {
    return static_cast<std::uint64_t>((duration.count() * 48 + 500'000) / 1'000'000);
  }
  static void conceal(InboundRtpStreamStats& stats, Duration duration) {
    stats.total_samples_received += samples(duration);
    stats.concealed_samples += samples(duration);
  }

  bool in_event_ = false;
  std::uint64_t unsettled_ = 0;
};

}  // namespace tidewire::media
