#include "session/data_transport.h"

#include <chrono>
#include <cstdint>
#include <utility>
#include <vector>

namespace tidewire::session {
namespace {

std::vector<std::uint16_t> values(const std::vector<sctp::StreamId>& streams) {
  std::vector<std::uint16_t> result;
  result.reserve(streams.size());
  for (const sctp::StreamId stream : streams) result.push_back(stream.value());
  return result;
}

}  // namespace

void DataTransport::start(sctp::Config config, Timestamp now) {
  if (association_) return;
  // The channel table bounds what waits to be sent. A second limit here could only lose what it has taken.
  config.send_buffer_limit = SIZE_MAX / 2;
  association_.emplace(config, *pool_, random_.fork());
  association_->set_beside_media(beside_media_);
  association_->connect(now);
  now_ = now;
}

void DataTransport::stop(std::optional<RtcError> error) {
  association_.reset();
  channels_.handle_transport_closed(std::move(error));
}

void DataTransport::abort(Timestamp now) {
  if (association_) association_->abort("the connection is closed", now);
}

void DataTransport::path_changed(Timestamp now) {
  if (association_) association_->path_changed(now);
}

void DataTransport::handle_input(ByteView packet, Timestamp now) {
  if (!association_) return;  // The peer was faster: it sends its INIT again.
  now_ = now;
  association_->handle_input(packet, now);
  drain_association();
  flush(now);
}

void DataTransport::handle_timeout(Timestamp now) {
  if (!association_) return;
  now_ = now;
  association_->handle_timeout(now);
  channels_.handle_timeout(now);
  drain_association();
  flush(now);
}

void DataTransport::set_beside_media(bool beside_media) {
  beside_media_ = beside_media;
  if (association_) association_->set_beside_media(beside_media);
}

std::optional<Packet> DataTransport::poll_transmit() {
  if (!association_) return std::nullopt;
  auto packet = association_->poll_transmit();
  // Sending makes room: the channels hear of it.
  if (packet) drain_association();
  return packet;
}

std::optional<datachannel::Event> DataTransport::poll_event() { return channels_.poll_event(); }

void DataTransport::drain_association() {
  while (association_) {
    auto event = association_->poll_event();
    if (!event) return;
    handle(std::move(*event));
  }
}

void DataTransport::handle(sctp::Event event) {
  if (auto* message = std::get_if<sctp::MessageReceived>(&event)) {
    channels_.handle_message({message->stream.value(), message->ppid.value(), std::move(message->payload)});
  } else if (auto* amount = std::get_if<sctp::BufferedAmountChanged>(&event)) {
    channels_.handle_buffered_amount(amount->stream.value(), amount->amount, amount->messages);
  } else if (auto* connected = std::get_if<sctp::Connected>(&event)) {
    connected_ = true;
    channels_.handle_connected(std::min(connected->outgoing_streams, connected->incoming_streams));
  } else if (auto* incoming = std::get_if<sctp::IncomingStreamsReset>(&event)) {
    if (incoming->all) return channels_.handle_incoming_reset_of_all();
    channels_.handle_incoming_reset(values(incoming->streams));
  } else if (auto* outgoing = std::get_if<sctp::OutgoingStreamsReset>(&event)) {
    channels_.handle_outgoing_reset(values(outgoing->streams), now_);
  } else if (auto* refused = std::get_if<sctp::OutgoingResetFailed>(&event)) {
    channels_.handle_reset_failed(values(refused->streams));
  } else if (auto* closed = std::get_if<sctp::Closed>(&event)) {
    const bool clean = closed->reason == sctp::CloseReason::kShutdown;
    if (clean) return channels_.handle_transport_closed(std::nullopt);
    channels_.handle_transport_closed(RtcError{Error{ErrorCode::kOperation, closed->text + ": connect anew"},
                                               RtcErrorDetail::kSctpFailure, closed->cause_code});
  }
}

void DataTransport::flush(Timestamp now) {
  if (!association_ || !connected_) return;
  while (auto action = channels_.poll_action()) carry_out(std::move(*action), now);
}

void DataTransport::carry_out(datachannel::Action action, Timestamp now) {
  if (auto* reset = std::get_if<datachannel::ResetStreams>(&action)) {
    std::vector<sctp::StreamId> streams;
    for (const std::uint16_t stream : reset->streams) streams.emplace_back(stream);
    if (!association_->reset_outgoing_streams(streams, now)) channels_.handle_reset_failed(reset->streams);
    return;
  }
  auto& message = std::get<datachannel::SendMessage>(action);
  sctp::SendOptions options{
      .ordered = message.ordered, .priority = message.priority, .max_retransmits = message.max_retransmits};
  if (message.max_packet_life_time) options.lifetime = std::chrono::milliseconds(*message.max_packet_life_time);
  // The channel table's limit is below the association's: a refusal means that the association is going down, and the
  // channels close with it.
  (void)association_->send(
      {sctp::StreamId{message.stream}, sctp::Ppid{message.ppid}, std::move(message.payload), options}, now);
}

}  // namespace tidewire::session
