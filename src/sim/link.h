// One direction of a network path: a bottleneck with a queue, then a delay, with loss, jitter, reordering and
// duplication on the way.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <queue>
#include <random>
#include <vector>

#include "sim/bottleneck.h"
#include "tidewire/datagram.h"
#include "tidewire/time.h"

namespace tidewire::sim {

// Bits of a second on the wire; 0 means infinitely fast.
struct LinkConfig {
  std::uint64_t bits_per_second = 0;
  // What the queue before the bottleneck holds; a datagram that does not fit is dropped (tail drop).
  std::size_t queue_bytes = 256 * 1024;
  // In place of the two: a bottleneck that several links go through. They share its queue; the rest is each one's own.
  std::shared_ptr<Bottleneck> shared{};
  std::uint32_t tag = 0;  // which of them this is, in the bottleneck's log
  Duration delay{};
  // The longest IP packet that passes; 0 means any. What is longer vanishes without a word, unless it may go in
  // fragments (Packet::fragmentation()).
  std::size_t mtu = 0;
  // Added to the delay, even in [0, jitter]. Datagrams keep their order unless `reorder` is set.
  Duration jitter{};
  // Takes the marks for routers off (Packet::ecn()), as some do.
  bool bleaches = false;
  // Probabilities in [0, 1], each drawn for every datagram.
  double loss = 0;
  double duplicate = 0;
  // The chance that a datagram is held back by `reorder_by`, so that later ones overtake it.
  double reorder = 0;
  Duration reorder_by = std::chrono::milliseconds(10);
  // Loss in bursts (Gilbert's model): the chance to enter the bad state at a datagram, in which all are lost,
  // and the chance to leave it at one. Off when zero.
  double burst_enter = 0;
  double burst_leave = 0.3;
};

struct LinkStats {
  std::uint64_t offered = 0;
  std::uint64_t delivered = 0;
  std::uint64_t lost = 0;
  std::uint64_t overflowed = 0;
  std::uint64_t too_long = 0;
  std::uint64_t fragmented = 0;
};

class Link {
 public:
  Link(const LinkConfig& config, std::uint64_t seed) : config_(config), random_(seed) {}

  // May be changed while datagrams are in flight: it holds for those that follow.
  LinkConfig& config() { return config_; }
  const LinkConfig& config() const { return config_; }
  const LinkStats& stats() const { return stats_; }

  void send(Datagram datagram, PacketPool& pool, Timestamp now);
  // Carries so many bytes, headers included, for an owner that tracks them itself (TCP): when they arrive, or
  // nothing when they are lost. They share queue and bottleneck with the datagrams.
  std::optional<Timestamp> carry(std::size_t bytes, Timestamp now);
  // The next datagram that has arrived by `now`.
  std::optional<Datagram> receive(Timestamp now);
  // When the next datagram of send() arrives; kNever when none is in flight.
  Timestamp next_arrival() const;

 private:
  struct InFlight {
    Timestamp arrival;
    std::uint64_t order;
    mutable Datagram datagram;  // moved out at the moment that it leaves the queue
    bool operator>(const InFlight& other) const {
      return arrival != other.arrival ? arrival > other.arrival : order > other.order;
    }
  };

  bool chance(double probability);
  bool is_lost();
  bool is_too_long(const Datagram& datagram);
  std::optional<Timestamp> depart(std::size_t bytes, Timestamp now, Ecn& ecn);
  Duration draw_delay();
  void put_in_flight(Datagram datagram, Timestamp departure);

  LinkConfig config_;
  LinkStats stats_;
  std::mt19937_64 random_;
  bool in_burst_ = false;
  Timestamp busy_until_{};      // when the bottleneck has sent what is queued now
  Timestamp newest_arrival_{};  // keeps the order under jitter
  std::uint64_t order_ = 0;
  std::priority_queue<InFlight, std::vector<InFlight>, std::greater<>> in_flight_;
};

}  // namespace tidewire::sim
