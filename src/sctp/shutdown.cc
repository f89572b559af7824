#include "sctp/shutdown.h"

#include "base/byte_writer.h"

namespace tidewire::sctp {

void Shutdown::begin() {
  switch (core_.state) {
    case State::kIdle:
    case State::kCookieWait:
    case State::kCookieEchoed:
      core_.abort(CloseReason::kShutdown, Cause::kUserInitiatedAbort, "closed before the start");
      return;
    case State::kEstablished: core_.state = State::kShutdownPending; break;
    default: return;
  }
  // RFC 9260 §9.2: T5-shutdown-guard
  core_.timers.start(Timer::kShutdownGuard, core_.now + core_.config.shutdown_guard);
  progress();
}

void Shutdown::handle_abort(const ChunkView& chunk) {
  if (core_.state == State::kIdle) return;
  core_.outbox.clear();
  const auto first = ParameterReader(chunk.value).next();
  core_.close(CloseReason::kAbortedByPeer, "the peer aborted the association: " + describe_causes(chunk.value),
              first ? std::optional(first->type) : std::nullopt);
}

void Shutdown::handle_shutdown() {
  if (core_.state == State::kEstablished || core_.state == State::kShutdownPending) {
    core_.state = State::kShutdownReceived;
    core_.timers.start(Timer::kShutdownGuard, core_.now + core_.config.shutdown_guard);
    progress();
  } else if (core_.state == State::kShutdownSent) {
    // RFC 9260 §9.2: both at once
    core_.state = State::kShutdownAckSent;
    send();
  }
}

void Shutdown::progress() {
  const bool pending = core_.state == State::kShutdownPending;
  if ((!pending && core_.state != State::kShutdownReceived) || !core_.tx.idle()) return;
  core_.state = pending ? State::kShutdownSent : State::kShutdownAckSent;
  send();
}

// SHUTDOWN or SHUTDOWN ACK, whichever the state asks for.
void Shutdown::send() {
  if (core_.state == State::kShutdownSent) {
    Bytes value(4);
    ByteWriter(value).u32(wire_tsn(core_.rx->tracker().cumulative()));
    core_.send_control(ChunkType::kShutdown, value);
  } else {
    core_.send_control(ChunkType::kShutdownAck, {});
  }
  core_.timers.start(Timer::kShutdown, core_.now + core_.tx.rto().value());
}

void Shutdown::handle_timeout() {
  if (core_.state != State::kShutdownSent && core_.state != State::kShutdownAckSent) return;
  if (!core_.count_error("SHUTDOWN")) return;
  core_.tx.rto().back_off();
  send();
}

void Shutdown::handle_guard_timeout() {
  core_.abort(CloseReason::kTimedOut, Cause::kUserInitiatedAbort, "the peer did not finish the shutdown in time");
}

// RFC 9260 §9.2: DATA is acknowledged at once, together with another SHUTDOWN.
void Shutdown::handle_late_data() {
  if (core_.state != State::kShutdownSent) return;
  core_.rx->acknowledge_now();
  send();
}

void Shutdown::handle_shutdown_ack(const CommonHeader& header) {
  const bool expected = core_.state == State::kShutdownSent || core_.state == State::kShutdownAckSent;
  if (!expected && core_.state != State::kClosed) return;
  // RFC 9260 §8.5.1 E, §8.4 5: when we have forgotten the association, the tag is the peer's own (flag T).
  ControlChunk complete;
  complete.chunk = {static_cast<std::uint8_t>(ChunkType::kShutdownComplete),
                    expected ? std::uint8_t{0} : kFlagTagReflected, 0, 4};
  complete.verification_tag = expected ? core_.peer_tag : header.verification_tag;
  complete.alone = true;
  core_.send_control(std::move(complete));
  if (expected) core_.close(CloseReason::kShutdown, "both sides are done");
}

void Shutdown::handle_shutdown_complete() {
  if (core_.state == State::kShutdownAckSent) core_.close(CloseReason::kShutdown, "both sides are done");
}

}  // namespace tidewire::sctp
