// How long frames have to wait so that the network's jitter does not show: what the recent frames' lateness against the
// fastest of them demands.
//
// A frame's offset is the time at which it was complete, less its media time; offsets of one source differ by jitter
// alone. Four things are told apart, because they call for different waiting:
// - jitter: a high quantile of the lateness of the last seconds, and a lower one of the last frames, to be quick;
// - size: a large frame takes longer to arrive, and so do those that queue behind it. As long as this is rare, it is
//   borne instead of waited for;
// - repetition: frames of which a packet had to be asked for again. When that is steady, their round trip is waited
//   for; when it is rare, it is not;
// - stalls: a path that stands still for a moment, after which frames come at once. One stall says nothing about the
//   next; several of them call for as much delay as turns a freeze into a late frame.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "tidewire/time.h"

namespace tidewire::media {

class VideoJitter {
 public:
  // Frames that are remembered, and for how long.
  static constexpr std::size_t kWindow = 256;
  static constexpr Duration kMemory = std::chrono::seconds{10};
  // Of the last frames, these many may be late.
  static constexpr std::size_t kShortWindow = 32;
  static constexpr std::size_t kLateOfShortWindow = 2;
  // Of all that are remembered, one in so many.
  static constexpr std::size_t kLateOneIn = 32;
  // Late by this much is a stall. It is below what counts as a freeze (FreezeMeter), for a frame may come as much late.
  static constexpr Duration kStall = std::chrono::milliseconds{120};
  static constexpr Duration kStallMemory = std::chrono::seconds{60};
  static constexpr std::size_t kStallsToBear = 2;
  // Losses (runs of repeated frames) per thousand of the remembered frames: up to the first, repetition is not waited
  // for; from the second on, fully.
  static constexpr std::size_t kRareRepetition = 10;
  static constexpr std::size_t kSteadyRepetition = 30;

  struct Frame {
    Duration media_time{};
    Timestamp first_packet{};
    Timestamp complete{};
    std::size_t size = 0;  // bytes
    bool key_frame = false;
    bool repeated = false;  // a packet of it was asked for again
  };

  void handle_frame(const Frame& frame);
  void reset();

  bool empty() const { return count_ == 0; }
  // The offset of the frame that was handled last, and the part of it that its size does not explain.
  Duration last_offset() const { return last().offset; }
  Duration last_adjusted() const { return last().adjusted; }
  // The smallest offset of late, and what frames have to wait beyond it.
  Duration floor() const { return floor_; }
  Duration demand() const { return demand_; }

 private:
  struct Sample {
    Timestamp complete{};
    Duration offset{};
    Duration adjusted{};
    bool repeated = false;
    bool loss = false;     // is the first one of a run of repeated ones
    bool stalled = false;  // came at once after a stall
  };
  struct Stall {
    Timestamp at{};
    Duration lateness{};
  };

  // Zero once it is forgotten.
  static Duration present(const Stall& stall, Timestamp now) {
    return now - stall.at <= kStallMemory ? stall.lateness : Duration::zero();
  }
  const Sample& last() const { return samples_[(next_ + kWindow - 1) % kWindow]; }
  const Sample& back(std::size_t i) const { return samples_[(next_ + kWindow - 1 - i) % kWindow]; }
  Duration explained_by_size(const Frame& frame, Duration interval);
  void note_stall(Sample& sample, Duration interval);
  void update_floor();
  Duration long_term_demand() const;
  Duration short_term_demand() const;
  Duration repetition_demand() const;
  Duration stall_demand(Timestamp now) const;

  std::array<Sample, kWindow> samples_{};
  std::size_t next_ = 0;
  std::size_t count_ = 0;
  std::optional<Duration> last_media_time_;
  double usual_size_ = 0;  // bytes, of frames that are not large
  Duration usual_spread_{};
  Duration backlog_{};  // what a large frame has put in the way of the next ones
  std::array<Stall, 16> stalls_{};
  std::size_t newest_stall_ = 0;
  bool in_stall_ = false;
  Duration floor_{};
  Duration demand_{};
};

}  // namespace tidewire::media
