// Clusters of packets that measure what the path carries, one at a time, and what came of the last one.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "congestion/controller.h"
#include "congestion/packet_result.h"
#include "tidewire/time.h"

namespace tidewire::congestion {

class ProbePlanner {
 public:
  // So long that the 250 µs of feedback's clock and some jitter do not decide, and so short that a path of half the
  // rate has a queue of 25 ms from it.
  static constexpr Duration kLength = std::chrono::milliseconds{25};
  static constexpr std::size_t kMinPackets = 6;
  // One that is not answered by then is given up.
  static constexpr Duration kPatience = std::chrono::seconds{2};

  struct Result {
    double sent = 0;     // bits per second at which it left
    double arrived = 0;  // and at which it arrived
  };

  void plan(double bits_per_second, Timestamp now);
  bool busy() const { return waiting_ || pending_; }
  Timestamp last_planned() const { return planned_; }
  void handle_timeout(Timestamp now) {
    if (busy() && now >= planned_ + kPatience) give_up();
  }
  void give_up() {
    waiting_ = false;
    pending_.reset();
  }

  std::optional<ProbeCluster> poll();
  void handle_sent(const SentPacket& packet);
  void handle_result(const PacketResult& packet);
  // What came of the cluster, once all of it was reported on.
  std::optional<Result> take_result();

 private:
  std::optional<ProbeCluster> pending_;
  bool waiting_ = false;
  Timestamp planned_{};
  int id_ = 0;
  std::size_t wanted_packets_ = 0;
  std::size_t wanted_bytes_ = 0;
  std::size_t sent_packets_ = 0;
  std::size_t sent_bytes_ = 0;
  std::size_t reported_ = 0;
  std::size_t arrived_ = 0;
  std::size_t bytes_ = 0;    // that arrived after the first
  std::size_t between_ = 0;  // of other packets, since the last one of the cluster
  std::optional<Duration> first_arrival_;
  Duration last_arrival_{};
  std::int64_t last_number_ = 0;
  bool passed_ = false;  // a later packet was reported on: the rest will not be
  Timestamp first_sent_{};
  Timestamp last_sent_{};
};

}  // namespace tidewire::congestion
