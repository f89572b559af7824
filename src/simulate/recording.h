// All that a run leaves behind, to be measured and drawn. Times count from the beginning of the scenario.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "simulate/scenario.h"
#include "tidewire/time.h"

namespace tidewire::simulate {

// Bytes over time, in slots.
class Series {
 public:
  static constexpr Duration kSlot = std::chrono::milliseconds(20);

  void add(Duration at, std::size_t bytes) {
    if (at < Duration::zero()) return;
    const auto slot = static_cast<std::size_t>(at / kSlot);
    if (slot >= bytes_.size()) bytes_.resize(slot + 1);
    bytes_[slot] += bytes;
  }
  // Of the slots that begin in [from, to).
  std::uint64_t between(Duration from, Duration to) const {
    std::uint64_t sum = 0;
    const auto end = std::min(slot_of(to), bytes_.size());
    for (std::size_t i = slot_of(from); i < end; ++i) sum += bytes_[i];
    return sum;
  }
  double bits_per_second(Duration from, Duration to) const {
    const double seconds = std::chrono::duration<double>(to - from).count();
    return seconds > 0 ? static_cast<double>(between(from, to)) * 8 / seconds : 0;
  }

 private:
  static std::size_t slot_of(Duration at) {
    return static_cast<std::size_t>(std::max(at + kSlot - Duration(1), Duration::zero()) / kSlot);
  }

  std::vector<std::uint64_t> bytes_;
};

// One packet at the bottleneck.
struct QueueSample {
  Duration at{};
  Duration queued{};
  bool dropped = false;
};

struct FrameSample {
  Duration captured{};
  Duration arrived{};
  Duration due{};  // at the decoder
  std::size_t bytes = 0;
  bool shown = true;  // false: the next one was due already
};

// What the session has told the encoders.
struct Announcement {
  Duration at{};
  std::uint64_t video_bitrate = 0;
  std::uint64_t audio_bitrate = 0;
  int height = 0;  // 0: no picture
};

struct CallRecording {
  std::string name;
  std::string controller;
  Direction direction = Direction::kForward;
  Duration started{};  // connected, and told to send
  Duration ended{};
  bool connected = false;
  std::string failure;
  std::vector<Span> pauses;
  // On the wire, UDP and IP headers included: what the sender gave to the network, what came out of it, and what the
  // receiver sent back.
  Series sent;
  Series received;
  Series feedback;
  std::vector<QueueSample> queue;
  std::uint64_t packets_sent = 0;
  std::uint64_t packets_lost = 0;
  std::vector<FrameSample> frames;
  std::vector<FrameSample> sound;
  std::uint64_t sound_missing = 0;  // frames of sound that were concealed
  std::vector<Announcement> announced;
  std::uint64_t retransmitted_bytes = 0;
  std::uint64_t media_bytes = 0;  // sent, retransmissions included, headers not

  bool is_active(Duration at) const {
    return at >= started && at < ended &&
           std::ranges::none_of(pauses, [at](const Span& pause) { return at >= pause.from && at < pause.to; });
  }
};

struct TcpRecording {
  Direction direction = Direction::kForward;
  bool is_long = true;
  std::vector<Span> active;
  Series received;
};

struct Recording {
  Scenario scenario;
  std::uint64_t seed = 1;
  std::vector<CallRecording> calls;
  std::vector<TcpRecording> tcps;

  // That of the bottleneck; 0: infinitely fast.
  double capacity_bits(Direction direction, Duration from, Duration to) const {
    const auto& rate = scenario.path(direction).rate;
    return rate ? rate->bits_between(from, to) : 0;
  }
};

}  // namespace tidewire::simulate
