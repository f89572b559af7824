#include "sctp/data.h"

#include "base/byte_writer.h"

namespace tidewire::sctp {

void Data::handle_data(const ChunkView& chunk) {
  if (!core_.receives_data()) {
    ++core_.stats.chunks_dropped;
    return;
  }
  const auto data = DataChunk::parse(chunk);
  if (!data) {
    ++core_.stats.chunks_dropped;
    return;
  }
  // RFC 9260 §6.2: no user data is a protocol violation.
  if (data->payload.empty()) {
    core_.abort(CloseReason::kProtocolError, Cause::kNoUserData, "the peer sent a DATA chunk without data");
    return;
  }
  // RFC 8260 §2.2.1
  if (data->interleaved != core_.interleaving) {
    core_.abort(CloseReason::kProtocolError, Cause::kProtocolViolation, "the peer mixes DATA with I-DATA chunks");
    return;
  }
  data_in_packet_ = true;
  if (data->stream.value() >= core_.incoming_streams) {
    // RFC 9260 §3.3.10.1
    Bytes value(4);
    ByteWriter(value).u16(data->stream.value());
    core_.send_error(Cause::kInvalidStreamIdentifier, value);
    core_.rx->discard_data(*data);
    return;
  }
  const Receiver::Outcome outcome = core_.rx->handle_data(*data, core_.undelivered, core_.stats);
  switch (outcome) {
    case Receiver::Outcome::kTaken:
    case Receiver::Outcome::kDuplicate: break;
    case Receiver::Outcome::kDropped: ++core_.stats.chunks_dropped; break;
    case Receiver::Outcome::kTooLarge:
      core_.abort(CloseReason::kResourceLimit, Cause::kOutOfResource,
                  "the peer sent a message larger than " + std::to_string(core_.config.max_message_size) + " bytes");
      return;
    case Receiver::Outcome::kStuck:
      core_.abort(CloseReason::kResourceLimit, Cause::kOutOfResource,
                  "the receive window is full of messages that the peer does not complete");
      return;
  }
  core_.deliver_received();
}

void Data::handle_sack(const ChunkView& chunk) {
  const auto sack = SackChunk::parse(chunk);
  if (!sack || !core_.receives_data()) {
    ++core_.stats.chunks_dropped;
    return;
  }
  const Transmitter::SackResult result = core_.tx.handle_sack(*sack, core_.now, core_.stats);
  // RFC 9260 §6.1 A: a peer that keeps its window closed is alive.
  if (result.outcome == Transmitter::SackOutcome::kAccepted && sack->a_rwnd < core_.path_mtu.mtu())
    core_.clear_errors();
  after_ack(result);
}

void Data::handle_cumulative_ack(std::uint32_t cumulative_tsn_ack) {
  after_ack(core_.tx.handle_cumulative_ack(cumulative_tsn_ack, core_.now, core_.stats));
}

void Data::after_ack(Transmitter::SackResult result) {
  if (result.outcome == Transmitter::SackOutcome::kInvalid) ++core_.stats.chunks_dropped;
  if (result.outcome != Transmitter::SackOutcome::kAccepted) return;
  if (result.progressed) {
    core_.clear_errors();
    core_.path_mtu.on_acked(result.largest, core_.now);
  }
  // RFC 9260 §6.3.2 R2. R3 starts the timer again only when the cumulative TSN moves. DEVIATES because as long as
  // anything arrives, what is missing is found without the timer.
  if (!core_.tx.waiting())
    core_.timers.stop(Timer::kRetransmit);
  else if (result.progressed)
    restart_retransmit_timer();
  update_recovery_timer();
}

void Data::restart_retransmit_timer() { core_.timers.start(Timer::kRetransmit, core_.now + core_.tx.rto().value()); }

void Data::update_recovery_timer() { core_.timers.start(Timer::kRecovery, core_.tx.recovery_deadline()); }

void Data::handle_forward_tsn(const ChunkView& chunk) {
  const auto forward = ForwardTsnChunk::parse(chunk);
  if (!forward || !core_.receives_data() || forward->interleaved != core_.interleaving ||
      !core_.rx->handle_forward_tsn(*forward)) {
    ++core_.stats.chunks_dropped;
    return;
  }
  core_.deliver_received();
}

void Data::end_of_packet() {
  if (!data_in_packet_ || !core_.rx) return;
  data_in_packet_ = false;
  if (core_.rx->end_of_packet() && !core_.timers.running(Timer::kDelayedSack)) {
    core_.timers.start(Timer::kDelayedSack, core_.now + core_.config.sack_delay);
  }
}

// RFC 9260 §6.3.3
void Data::handle_retransmit_timeout() {
  if (!core_.tx.waiting()) return;
  if (!core_.tx.probe_before_timeout(core_.stats)) {
    if (!core_.count_error("DATA")) return;
    core_.tx.handle_timeout(core_.now, core_.stats);
    core_.path_mtu.on_data_timeout(core_.now);
  }
  if (core_.tx.waiting()) restart_retransmit_timer();
  update_recovery_timer();
}

void Data::handle_recovery_timeout() {
  core_.tx.handle_recovery_timer(core_.now, core_.stats);
  update_recovery_timer();
}

void Data::handle_delayed_sack_timeout() {
  if (core_.rx) core_.rx->acknowledge_now();
}

bool Data::ready() {
  if (!core_.receives_data()) return false;
  if (core_.rx->sack_due()) return true;
  return core_.sends_data() && (core_.tx.ready(core_.now) || core_.tx.forward_tsn_due(core_.now));
}

void Data::write(PacketBuilder& builder, bool with_cookie) {
  const bool may_send = may_send_data(with_cookie);
  if (core_.receives_data()) {
    // RFC 9260 §6.2: a SACK that waits rides with data that goes.
    const bool rides = core_.timers.running(Timer::kDelayedSack) && may_send && core_.tx.ready(core_.now);
    if ((core_.rx->sack_due() || rides) && core_.rx->write_sack(builder, core_.undelivered)) {
      core_.timers.stop(Timer::kDelayedSack);
    }
  }
  if (!may_send) return;
  core_.tx.judge_lost(core_.now, core_.stats);
  bool wrote = core_.tx.forward_tsn_due(core_.now) && core_.tx.write_forward_tsn(builder, core_.now);
  wrote |= core_.tx.write(builder, core_.now, core_.stats);
  // RFC 9260 §6.3.2 R1
  const bool restart = core_.tx.take_restart_timer();
  if (wrote && (restart || !core_.timers.running(Timer::kRetransmit))) restart_retransmit_timer();
  update_recovery_timer();
  if (core_.tx.pace_release() > core_.now) core_.timers.start(Timer::kPace, core_.tx.pace_release());
}

}  // namespace tidewire::sctp
