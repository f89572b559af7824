#include "sctp/stream_reset.h"

#include <algorithm>
#include <utility>

#include "base/byte_writer.h"

namespace tidewire::sctp {

void StreamReset::start() {
  // RFC 6525 §3.1: the numbers begin with the initial TSN.
  next_request_ = core_.initial_tsn;
  expected_request_ = core_.peer_initial_tsn;
}

Result<> StreamReset::reset_outgoing(std::span<const StreamId> streams) {
  if (!core_.sends_data() || core_.state != State::kEstablished) {
    return Error{ErrorCode::kInvalidState, "streams can be reset only while the association is established"};
  }
  if (!core_.peer_re_config)
    return Error{ErrorCode::kNotSupported, "the peer does not support stream reset (RFC 6525)"};
  for (const StreamId stream : streams) core_.tx.queue().begin_reset(stream);
  progress();
  return {};
}

void StreamReset::progress() {
  if (deferred_ && perform_deferred()) respond(deferred_->sequence, ReConfigResult::kPerformed), deferred_.reset();
  if (core_.tx.queue().any_drained()) {
    const std::vector<StreamId> drained = core_.tx.queue().take_drained();
    waiting_.insert(waiting_.end(), drained.begin(), drained.end());
    waiting_for_ = core_.tx.last_assigned();
  }
  if (request_ || waiting_.empty() || !core_.sends_data()) return;
  // QUIRK aiortc 1.4, werift 0.25: they close a channel when the request arrives, though data before it (RFC 6525
  // §5.2.2: the TSN in the request) is still missing. So the request waits until the peer has acknowledged all of it.
  if (core_.tx.outstanding().cumulative() < waiting_for_) return;
  // RFC 6525 §5.1.1: one request at a time. As many streams as fit into a packet besides the header.
  const std::size_t most = (core_.config.mtu - kCommonHeaderSize - 32) / 2;
  const auto count = static_cast<std::ptrdiff_t>(std::min(waiting_.size(), most));
  request_ = Request{next_request_++, core_.tx.last_assigned(), {waiting_.begin(), waiting_.begin() + count}};
  waiting_.erase(waiting_.begin(), waiting_.begin() + count);
  timeout_ = core_.tx.rto().value();
  send_request();
}

void StreamReset::send_request() {
  Bytes value(12 + request_->streams.size() * 2);
  ByteWriter writer(value);
  writer.u32(request_->sequence);
  writer.u32(expected_request_ - 1);  // RFC 6525 §4.1: the last of the peer's that we saw
  writer.u32(wire_tsn(request_->last_assigned_tsn));
  for (const StreamId stream : request_->streams) writer.u16(stream.value());
  Bytes parameter;
  append_parameter(parameter, kParamOutgoingReset, value);
  core_.send_control(ChunkType::kReConfig, parameter);
  core_.timers.start(Timer::kReConfig, core_.now + timeout_);
}

void StreamReset::handle_timeout() {
  if (!request_ || !core_.receives_data()) return;
  if (!core_.count_error("RE-CONFIG")) return;
  timeout_ = std::min(timeout_ * 2, core_.config.rto_max);
  send_request();
}

void StreamReset::handle_re_config(const ChunkView& chunk) {
  if (!core_.receives_data()) {
    ++core_.stats.chunks_dropped;
    return;
  }
  constexpr int kMostParameters = 2;  // RFC 6525 §3.1
  ParameterReader parameters(chunk.value);
  for (int i = 0; i < kMostParameters; ++i) {
    const auto parameter = parameters.next();
    if (!parameter) break;
    if (parameter->type == kParamOutgoingReset) {
      if (const auto request = OutgoingResetRequest::parse(*parameter)) handle_outgoing_request(*request);
    } else if (parameter->type == kParamReConfigResponse) {
      if (const auto response = ReConfigResponse::parse(*parameter)) handle_response(*response);
    } else {
      refuse(*parameter);
    }
  }
  if (!parameters.ok()) ++core_.stats.chunks_dropped;
}

// RFC 6525 §5.2.1
void StreamReset::handle_outgoing_request(const OutgoingResetRequest& request) {
  if (request.request_sequence == expected_request_) {
    last_result_ = answer(request);
    ++expected_request_;
  } else if (request.request_sequence == expected_request_ - 1) {
    // Sent again: our answer was lost, or it was "in progress" and the peer asks how far it got.
    if (last_result_ == ReConfigResult::kInProgress) last_result_ = answer(request);
  } else {
    respond(request.request_sequence, ReConfigResult::kBadSequenceNumber);
    return;
  }
  respond(request.request_sequence, last_result_);
}

// RFC 6525 §5.2.2
ReConfigResult StreamReset::answer(const OutgoingResetRequest& request) {
  Deferred wanted{request.request_sequence, core_.rx->tracker().unwrap(request.last_assigned_tsn), {}};
  for (std::size_t i = 0; i < request.count(); ++i) wanted.streams.push_back(request.stream(i));
  deferred_ = std::move(wanted);
  if (!perform_deferred()) return ReConfigResult::kInProgress;
  deferred_.reset();
  return ReConfigResult::kPerformed;
}

// False: not yet. Data sent before the reset has to arrive first (§5.2.2 E2), and the owner has to take note of earlier
// resets (so that a peer cannot pile them up).
bool StreamReset::perform_deferred() {
  constexpr std::size_t kMaxUnread = 64;
  if (deferred_->last_assigned_tsn > core_.rx->tracker().cumulative()) return false;
  if (core_.reset_events >= kMaxUnread) return false;
  last_result_ = ReConfigResult::kPerformed;
  const bool all = deferred_->streams.empty();
  if (all) core_.rx->reset_all_streams();
  for (const StreamId stream : deferred_->streams) core_.rx->reset_stream(stream);
  ++core_.reset_events;
  core_.emit(IncomingStreamsReset{deferred_->streams, all});
  return true;
}

// RFC 6525 §5.2.7
void StreamReset::handle_response(const ReConfigResponse& response) {
  if (!request_ || response.response_sequence != request_->sequence) return;
  core_.clear_errors();
  switch (response.result) {
    case ReConfigResult::kNothingToDo:
    case ReConfigResult::kPerformed: finish(true, ""); return;
    case ReConfigResult::kInProgress:
    case ReConfigResult::kRequestAlreadyInProgress:
      // The same request is sent again after a while, unless the peer says that it is done.
      timeout_ = core_.tx.rto().value();
      core_.timers.start(Timer::kReConfig, core_.now + timeout_);
      return;
    case ReConfigResult::kDenied: finish(false, "the peer denied the stream reset"); return;
    case ReConfigResult::kWrongSsn: finish(false, "the peer found a wrong stream in the stream reset"); return;
    case ReConfigResult::kBadSequenceNumber: finish(false, "the peer lost count of stream resets"); return;
  }
  finish(false, "the peer gave an unknown answer to the stream reset");
}

void StreamReset::finish(bool performed, const char* why) {
  core_.timers.stop(Timer::kReConfig);
  Request done = std::move(*request_);
  request_.reset();
  for (const StreamId stream : done.streams) core_.tx.queue().end_reset(stream, performed);
  if (performed)
    core_.emit(OutgoingStreamsReset{std::move(done.streams)});
  else
    core_.emit(OutgoingResetFailed{std::move(done.streams), why});
}

// DEVIATES RFC 6525 §5.2.3 to §5.2.6 because data channels never ask the other side to reset its streams, to restart
// TSNs, or to add streams: such requests are denied, in sequence.
void StreamReset::refuse(const ParameterView& parameter) {
  if (parameter.type < kParamIncomingReset || parameter.type > kParamAddIncomingStreams) return;
  ByteReader reader(parameter.value);
  const std::uint32_t sequence = reader.u32();
  if (!reader.ok()) return;
  if (sequence == expected_request_) {
    ++expected_request_;
    deferred_.reset();
    last_result_ = ReConfigResult::kDenied;
  } else if (sequence != expected_request_ - 1) {
    respond(sequence, ReConfigResult::kBadSequenceNumber);
    return;
  }
  respond(sequence, last_result_);
}

void StreamReset::respond(std::uint32_t sequence, ReConfigResult result) {
  Bytes value(8);
  ByteWriter writer(value);
  writer.u32(sequence);
  writer.u32(static_cast<std::uint32_t>(result));
  Bytes parameter;
  append_parameter(parameter, kParamReConfigResponse, value);
  core_.send_control(ChunkType::kReConfig, parameter);
}

}  // namespace tidewire::sctp
