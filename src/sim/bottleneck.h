// A queue before a narrow place, which several links can share (LinkConfig::shared): what a home's or a cell's uplink
// is to all that goes through it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "sim/rate_schedule.h"
#include "tidewire/packet.h"
#include "tidewire/time.h"

namespace tidewire::sim {

struct BottleneckConfig {
  // 0 means infinitely fast.
  std::uint64_t bits_per_second = 0;
  // In place of it, counted from `schedule_start`.
  std::shared_ptr<const RateSchedule> schedule{};
  Timestamp schedule_start{};
  // What the queue holds; what does not fit is dropped (tail drop).
  std::size_t queue_bytes = 256 * 1024;
  // In place of it, as the time in which the present rate empties a full queue.
  Duration queue_time{};
  // Packets that are ECT(1) are marked, rather than left to the queue's end: none that wait for less than `mark_from`,
  // all that wait for longer than `mark_to`, and a share that grows from one to the other of those between (as the L4S
  // queue of RFC 9332 does). Zero marks none.
  Duration mark_from{};
  Duration mark_to{};
};

// What became of one packet.
struct Passage {
  Timestamp offered{};
  Timestamp departure{};  // kNever: it was dropped
  Duration queued{};      // what it waited until it was its turn; of one that was dropped, what it would have waited
  std::uint32_t bytes = 0;
  std::uint32_t tag = 0;  // LinkConfig::tag
  bool marked = false;

  bool dropped() const { return departure == kNever; }
};

class Bottleneck {
 public:
  // A queue that is given as time holds this at any rate.
  static constexpr std::size_t kLeastQueue = 3000;

  explicit Bottleneck(const BottleneckConfig& config) : config_(config) {}

  // May be changed at any time; what is queued leaves as it was said.
  BottleneckConfig& config() { return config_; }
  const BottleneckConfig& config() const { return config_; }

  // When the last bit of a packet that comes now has left; nothing when the queue has no room for it. `ecn` is what it
  // leaves with.
  std::optional<Timestamp> pass(std::size_t bytes, std::uint32_t tag, Timestamp now, Ecn& ecn);
  std::optional<Timestamp> pass(std::size_t bytes, std::uint32_t tag, Timestamp now) {
    Ecn ecn = Ecn::kNotEct;
    return pass(bytes, tag, now, ecn);
  }
  // From now on all passages are written down.
  void keep_log() { keeps_log_ = true; }
  const std::vector<Passage>& log() const { return log_; }

 private:
  std::uint64_t rate_at(Timestamp time) const;
  bool marks(Duration queued, Ecn ecn);
  double capacity() const;
  double waiting_bits(Timestamp now) const;
  Timestamp departure_of(double bits, Timestamp from) const;

  BottleneckConfig config_;
  Timestamp busy_until_{};
  std::uint64_t last_rate_ = 0;  // that was not zero
  double owed_marks_ = 0;        // below 1: the part of a mark that those before did not get
  bool keeps_log_ = false;
  std::vector<Passage> log_;
};

}  // namespace tidewire::sim
