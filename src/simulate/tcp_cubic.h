// A TCP sender with CUBIC (RFC 9438), HyStart++ (RFC 9406) and perfect selective acknowledgement: what calls have to
// share a bottleneck with. Packets are only counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <queue>
#include <utility>
#include <vector>

#include "sctp/tx/cubic.h"
#include "sctp/tx/hystart.h"
#include "sim/link.h"
#include "tidewire/time.h"

namespace tidewire::simulate {

class TcpCubic {
 public:
  static constexpr std::size_t kPayload = 1448;
  static constexpr std::size_t kSegment = 1500;
  static constexpr std::size_t kAck = 52;

  // Segments go one way and acknowledgements back; the links outlive it. `bytes`: what there is to send; none: no end.
  TcpCubic(sim::Link& there, sim::Link& back, std::size_t bytes, Timestamp now);

  // When something happens next; kNever once all has been acknowledged.
  Timestamp next() const;
  void step(Timestamp now);
  // Goes away, and leaves what is in flight to itself.
  void stop() { stopped_ = true; }
  bool done() const { return stopped_ || (last_ >= segments_ && in_flight_.empty()); }
  std::uint64_t delivered_bytes() const { return arrived_ * kPayload; }

 private:
  static constexpr std::int64_t kDupThresh = 3;
  static constexpr std::int64_t kNoEnd = INT64_MAX;

  void note_lost(std::int64_t segments);
  std::size_t flight() const { return in_flight_.size() * kSegment; }
  void send(Timestamp now);
  void handle_ack(std::uint64_t upto, Timestamp now);
  void grow(std::size_t acked, Duration rtt, Timestamp now);
  void handle_timeout(Timestamp now);
  bool declare_losses();

  using Event = std::pair<Timestamp, std::int64_t>;

  sim::Link& there_;
  sim::Link& back_;
  bool stopped_ = false;
  std::int64_t segments_;  // to be sent; one that is lost is one more
  Timestamp start_;
  Timestamp sent_at_;
  std::size_t cwnd_ = 10 * kSegment;
  std::size_t ssthresh_ = SIZE_MAX;
  sctp::Cubic cubic_{kSegment};
  sctp::HyStart hystart_{false};
  Duration srtt_{};
  Duration rto_ = std::chrono::seconds(1);
  std::map<std::int64_t, Timestamp> in_flight_;  // by the order of sending
  std::int64_t last_ = 0;
  std::int64_t highest_ = 0;  // that was acknowledged
  std::int64_t recovery_ = 0;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> arrivals_;
  std::deque<std::int64_t> received_;  // and not yet acknowledged
  std::deque<std::pair<Timestamp, std::uint64_t>> acks_;
  std::uint64_t arrived_ = 0;
  std::uint64_t handled_ = 0;
};

}  // namespace tidewire::simulate
