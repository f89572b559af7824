#include "sctp/tx/loss_recovery.h"

#include <algorithm>
#include <chrono>

namespace tidewire::sctp {
namespace {

// RFC 8985 §7.2 sends one probe. DEVIATES as QUIC does (RFC 9002 §6.2.4), because a second one, after twice the time,
// is far cheaper than a timeout when the first is lost too.
constexpr int kMaxProbes = 2;
// Below this a busy peer is taken for a lost packet.
constexpr Duration kMinProbeTimeout = std::chrono::milliseconds(10);
// RFC 9260 §6.2: for so long a peer may delay its SACK.
constexpr Duration kMaxAckDelay = std::chrono::milliseconds(200);

bool holds(std::span<const Tsn> tsns, Tsn tsn) { return std::find(tsns.begin(), tsns.end(), tsn) != tsns.end(); }

}  // namespace

void LossRecovery::on_sent(Tsn tsn, std::size_t bytes, bool again, Timestamp now) {
  congestion_.on_sent(bytes, outstanding_.flight_bytes());
  if (again && !probe_due_) needless_.on_retransmit(tsn);
  last_sent_ = now;
}

void LossRecovery::on_probe_sent(std::optional<Tsn> again) {
  probe_due_ = false;
  probe_ = Probe{again.value_or(outstanding_.last_assigned()), again.has_value()};
}

void LossRecovery::on_start(Timestamp now) {
  if (last_sent_ != Timestamp{}) congestion_.on_idle((now - std::max(last_sent_, last_progress_)) / rto_.value());
}

// RFC 9260 §6.3.1 asks for one measurement in a round trip at least; here every SACK that can be measured is.
void LossRecovery::measure(Duration rtt, Timestamp now) {
  if (now - round_began_ >= rto_.srtt()) {
    per_round_ = std::max(measured_, 1);
    measured_ = 0;
    round_began_ = now;
  }
  ++measured_;
  rto_.add_measurement(rtt, per_round_);
  rack_.on_rtt(rtt, now);
  loss_kind_.on_rtt(rtt);
}

bool LossRecovery::note_needless(std::span<const Tsn> tsns) {
  bool any = false;
  for (const Tsn tsn : tsns) any |= needless_.on_needless(tsn);
  return any;
}

// RFC 8985 §7.4: the last chunk was sent again as a probe, and it was the first of the two that was lost: nothing else
// will tell of this loss.
bool LossRecovery::probe_repaired_a_loss(Tsn cumulative, std::span<const Tsn> early, std::span<const Tsn> duplicates) {
  if (!probe_) return false;
  const Tsn tsn = probe_->tsn;
  const bool arrived = tsn <= cumulative || outstanding_.chunk(tsn).state == OutstandingChunk::State::kAcked;
  if (!arrived) return false;
  const bool needless = holds(early, tsn) || holds(duplicates, tsn);
  const bool repaired = probe_->again && !needless;
  // It is a peer that waits although it was asked not to (RFC 7053).
  if (probe_->again && needless) peer_ack_delay_ = kMaxAckDelay;
  probe_.reset();
  return repaired;
}

LossRecovery::Outcome LossRecovery::on_sack(Tsn cumulative, std::span<const TsnRange> blocks,
                                            std::span<const Tsn> duplicates, Timestamp now, Stats& stats) {
  const std::size_t flight = outstanding_.flight_bytes();
  const Outstanding::AckResult ack = outstanding_.acknowledge(cumulative, blocks, rack_, now);
  if (ack.rtt) measure(*ack.rtt, now);
  if (ack.chunks > 0) {
    last_progress_ = now;
    probes_ = 0;
    probe_due_ = false;
  }
  const bool early = note_needless(ack.needless);
  const bool needless = note_needless(duplicates) || early;
  if (needless || (ack.acked_lost && !congestion_.after_timeout())) {
    rack_.on_needless_retransmission(cumulative, outstanding_.next_tsn());
  }
  // RFC 5682 §3: after a timeout something arrives that was not sent again: the timeout came too early.
  if ((needless && needless_.all()) || (ack.acked_lost && congestion_.after_timeout())) undo(stats);

  const bool repaired = probe_repaired_a_loss(cumulative, ack.needless, duplicates);
  const std::size_t lost = detect_lost(now);
  loss_kind_.on_chunks(ack.chunks, lost + repaired, cumulative, outstanding_.last_assigned());
  if (lost > 0 || repaired) on_loss(flight, stats);
  const bool ended = congestion_.on_ack({.cumulative = cumulative,
                                         .last_sent = outstanding_.last_assigned(),
                                         .advanced = ack.cumulative_advanced,
                                         .found_lost = lost > 0,
                                         .acked = ack.acked_bytes,
                                         .flight = outstanding_.flight_bytes(),
                                         .rtt = ack.rtt,
                                         .srtt = rto_.srtt(),
                                         .min_rtt = rack_.min_rtt(),
                                         .now = now});
  if (ended) rack_.on_recovery_end();
  return {ack.cumulative_advanced, ack.chunks > 0, ack.largest};
}

std::size_t LossRecovery::detect_lost(Timestamp now) {
  const Duration window = rack_.window(congestion_.in_recovery(), outstanding_.gap_acked(), rto_.srtt());
  const Outstanding::Detection detection = outstanding_.detect_lost(rack_, rack_.rtt() + window, now);
  reordering_due_ = detection.due;
  return detection.lost;
}

// DEVIATES RFC 9438 §4.6, by which every loss shrinks the window: at a loss of one in a thousand that would leave a
// twentieth of 150 Mbit/s at 50 ms. What does not come of a queue is only sent again.
void LossRecovery::on_loss(std::size_t flight, Stats& stats) {
  if (spares_random_loss_ && loss_kind_.random(rack_.min_rtt())) return;
  if (!congestion_.on_loss(outstanding_.last_assigned(), flight)) return;
  ++stats.fast_retransmits;
  needless_.begin();
}

void LossRecovery::undo(Stats& stats) {
  congestion_.undo();
  outstanding_.restore_lost();
  needless_.begin();
  ++stats.undone;
}

Duration LossRecovery::probe_timeout() const {
  // RFC 8985 §7.2: two round trips, and the peer's delay when nothing but its timer may make it answer.
  const Duration delay = outstanding_.lone() ? peer_ack_delay_ : Duration{};
  return std::max(2 * rto_.srtt(), kMinProbeTimeout) + delay;
}

// DEVIATES RFC 8985 §7.2, which probes only while nothing is known to be missing: a retransmission at the tail can be
// lost, too. And the time is counted from the last packet, not from the last SACK, which a peer may have delayed; only
// that one round trip has to pass since that.
Timestamp LossRecovery::deadline(bool probing) const {
  if (outstanding_.flight_bytes() == 0) return kNever;
  if (reordering_due_ != kNever) return reordering_due_;
  if (!probing || probe_due_ || probes_ >= kMaxProbes || rto_.srtt() == Duration{}) return kNever;
  return std::max(last_sent_ + probe_timeout(), last_progress_ + rto_.srtt());
}

void LossRecovery::handle_timer(Timestamp now, bool probing, Stats& stats) {
  if (deadline(probing) > now) return;
  if (reordering_due_ == kNever) return probe(stats);
  const std::size_t flight = outstanding_.flight_bytes();
  const std::size_t lost = detect_lost(now);
  if (lost == 0) return;
  loss_kind_.on_chunks(0, lost, outstanding_.cumulative(), outstanding_.last_assigned());
  on_loss(flight, stats);
  congestion_.on_ack({.cumulative = outstanding_.cumulative(),
                      .last_sent = outstanding_.last_assigned(),
                      .found_lost = true,
                      .flight = outstanding_.flight_bytes(),
                      .rtt = {},
                      .srtt = rto_.srtt(),
                      .now = now});
}

void LossRecovery::probe(Stats& stats) {
  ++probes_;
  ++stats.tail_probes;
  probe_due_ = true;
}

bool LossRecovery::probe_before_timeout(Stats& stats) {
  if (probes_ > 0 || outstanding_.flight_bytes() == 0 || rto_.srtt() == Duration{}) return false;
  probe(stats);
  return true;
}

void LossRecovery::on_timeout(Timestamp now, Stats& stats) {
  ++stats.timeouts;
  rto_.back_off();
  if (outstanding_.flight_bytes() == 0) return;
  // RFC 8985 §6.3: what was sent less than a round trip ago may still be on its way.
  outstanding_.lose_sent_before(now - std::max(rto_.srtt(), rack_.rtt()) - rto_.srtt() / 4);
  if (!congestion_.after_timeout()) needless_.begin();
  congestion_.on_timeout(outstanding_.last_assigned(), outstanding_.flight_bytes());
  reordering_due_ = kNever;
  probes_ = kMaxProbes;  // no probe before something is acknowledged
  probe_due_ = false;
  probe_.reset();
}

}  // namespace tidewire::sctp
