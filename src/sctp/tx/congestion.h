// How much may be in flight: slow start, congestion avoidance by CUBIC or Reno, or by the queue while media shares the
// path; what a loss or a timeout does to the window, and how that is undone when it was none. Bytes are those of whole
// DATA chunks.
#pragma once

#include <cstddef>
#include <optional>

#include "sctp/config.h"
#include "sctp/tx/cubic.h"
#include "sctp/tx/hystart.h"
#include "sctp/tx/prr.h"
#include "sctp/tx/queue_limit.h"
#include "sctp/tx/reno.h"
#include "sctp/types.h"
#include "tidewire/time.h"

namespace tidewire::sctp {

class Congestion {
 public:
  // `segment` is the most that one packet carries (PMDCS in RFC 9260).
  Congestion(const Config& config, std::size_t segment);

  // The path takes larger or smaller packets. RFC 8899 §3, item 7: the window in bytes stays.
  void set_segment(std::size_t segment) { segment_ = segment; }

  // Media shares the path: the queue is kept short for it.
  void set_beside_media(bool beside_media);

  std::size_t cwnd() const { return cwnd_; }
  std::size_t ssthresh() const { return ssthresh_; }
  bool in_slow_start() const { return cwnd_ < ssthresh_; }
  // Losses are being repaired; ends when all is there that was out at its start.
  bool in_recovery() const { return recovery_ != Recovery::kNone; }
  bool after_timeout() const { return recovery_ == Recovery::kTimeout; }

  // So much left just now; `flight` is out with it.
  void on_sent(std::size_t bytes, std::size_t flight);

  struct Ack {
    Tsn cumulative = 0;
    Tsn last_sent = 0;
    bool advanced = false;    // the cumulative TSN moved
    bool found_lost = false;  // something more was found lost
    std::size_t acked = 0;    // bytes, newly
    std::size_t flight = 0;   // bytes that are left
    std::optional<Duration> rtt;
    Duration srtt{};
    Duration min_rtt{};
    Timestamp now{};
  };
  // A SACK. True when a recovery ended with it.
  bool on_ack(const Ack& ack);

  // Something was lost while TSNs up to `last_sent` and `flight` bytes were out (what was lost included). True when
  // this begins a recovery: losses within one are one event.
  bool on_loss(Tsn last_sent, std::size_t flight);
  // T3-rtx expired; `flight` bytes are still held to be on their way.
  void on_timeout(Tsn last_sent, std::size_t flight);
  // Nothing was sent for so many timeouts' length.
  void on_idle(std::int64_t timeouts);
  // The loss that began the present or latest recovery was none.
  void undo();

 private:
  enum class Recovery { kNone, kFast, kTimeout };
  struct Saved {
    std::size_t cwnd;
    std::size_t ssthresh;
    Cubic cubic;
  };

  void grow(const Ack& ack);
  void follow_queue(const Ack& ack);
  bool window_used() const;

  CongestionAlgorithm algorithm_;
  std::size_t segment_;
  std::size_t initial_;
  std::size_t cwnd_;
  std::size_t ssthresh_ = SIZE_MAX;  // RFC 9260 §7.2.1: may be arbitrarily high
  Cubic cubic_;
  Reno reno_;
  HyStart hystart_;
  QueueLimit queue_limit_;
  bool beside_media_ = false;
  Prr prr_;
  Recovery recovery_ = Recovery::kNone;
  Tsn recovery_point_ = 0;
  std::optional<Saved> saved_;
  // The most that was in flight in this round trip and the one before.
  std::size_t peak_ = 0;
  std::size_t previous_peak_ = 0;
  Tsn round_end_ = 0;
  Timestamp last_ack_{};
};

}  // namespace tidewire::sctp
