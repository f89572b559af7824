// Finds out what was lost without waiting for timers, and tells congestion control: RACK with its reordering timer,
// tail loss probes (RFC 8985), and the undoing of what turns out to have been needless. T3-rtx is the last resort.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "sctp/config.h"
#include "sctp/events.h"
#include "sctp/tx/congestion.h"
#include "sctp/tx/loss_kind.h"
#include "sctp/tx/needless.h"
#include "sctp/tx/outstanding.h"
#include "sctp/tx/rack.h"
#include "sctp/tx/rto.h"
#include "sctp/types.h"
#include "tidewire/time.h"

namespace tidewire::sctp {

class LossRecovery {
 public:
  LossRecovery(const Config& config, std::size_t segment, Outstanding& outstanding)
      : outstanding_(outstanding),
        congestion_(config, segment),
        rto_(config),
        spares_random_loss_(config.spare_random_loss && config.congestion == CongestionAlgorithm::kCubic) {}

  void set_segment(std::size_t segment) { congestion_.set_segment(segment); }

  void set_beside_media(bool beside_media) { congestion_.set_beside_media(beside_media); }

  const Congestion& congestion() const { return congestion_; }
  const Rack& rack() const { return rack_; }
  Rto& rto() { return rto_; }
  const Rto& rto() const { return rto_; }

  // -- Output --
  // A chunk went out, for the first time or again.
  void on_sent(Tsn tsn, std::size_t bytes, bool again, Timestamp now);
  // Something is to be sent, whatever the window says, to hear from the peer (RFC 8985 §7.3).
  bool probe_due() const { return probe_due_; }
  // It was: a new chunk (nothing given), or this one again.
  void on_probe_sent(std::optional<Tsn> again);
  void cancel_probe() { probe_due_ = false; }
  // Nothing is in flight, and something is about to be sent.
  void on_start(Timestamp now);

  // -- Input --
  struct Outcome {
    bool advanced = false;    // the cumulative TSN moved
    bool progressed = false;  // something was newly acknowledged
    std::size_t largest = 0;  // the largest payload of that
  };
  // As in Outstanding::acknowledge(). `duplicates`: what the peer got twice (RFC 9260 §3.3.4).
  Outcome on_sack(Tsn cumulative, std::span<const TsnRange> blocks, std::span<const Tsn> duplicates, Timestamp now,
                  Stats& stats);
  void measure(Duration rtt, Timestamp now);
  // T3-rtx expired. False when a tail loss probe goes out instead, the first time (RFC 8985 §7.2: a probe is never
  // later than the timeout).
  bool probe_before_timeout(Stats& stats);
  void on_timeout(Timestamp now, Stats& stats);

  // -- The timer of its own --
  // `probing`: the peer has room for a probe.
  Timestamp deadline(bool probing) const;
  void handle_timer(Timestamp now, bool probing, Stats& stats);

 private:
  struct Probe {
    Tsn tsn;
    bool again;
  };

  bool note_needless(std::span<const Tsn> tsns);
  bool probe_repaired_a_loss(Tsn cumulative, std::span<const Tsn> early, std::span<const Tsn> duplicates);
  std::size_t detect_lost(Timestamp now);
  void on_loss(std::size_t flight, Stats& stats);
  void undo(Stats& stats);
  Duration probe_timeout() const;
  void probe(Stats& stats);

  Outstanding& outstanding_;
  Congestion congestion_;
  Rto rto_;
  Rack rack_;
  NeedlessRetransmissions needless_;
  bool spares_random_loss_;
  LossKind loss_kind_;
  Timestamp reordering_due_ = kNever;
  // How many round trips are measured in one of them.
  int measured_ = 0;
  int per_round_ = 1;
  Timestamp round_began_{};
  // Tail loss probes
  std::optional<Probe> probe_;  // the latest one, until it is acknowledged
  int probes_ = 0;              // since something was acknowledged
  bool probe_due_ = false;
  Duration peer_ack_delay_{};
  Timestamp last_sent_{};
  Timestamp last_progress_{};
};

}  // namespace tidewire::sctp
