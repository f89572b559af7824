// The public objects: thin, each call goes to the session and lets the connection pump.
#include "tidewire/peer_connection.h"

#include <utility>

#include "peer/peer_connection_impl.h"

namespace tidewire {

PeerConnection::PeerConnection(EventLoop& loop, Configuration configuration)
    : impl_(std::make_shared<PeerConnectionImpl>(loop, std::move(configuration))) {
  impl_->start(this);
}

PeerConnection::~PeerConnection() {
  impl_->detach();
  impl_->close();
}

Result<SessionDescription> PeerConnection::create_offer(const OfferOptions& options) {
  if (auto opened = impl_->open_network(); !opened) return opened.error();
  return impl_->session().create_offer(options);
}

Result<SessionDescription> PeerConnection::create_answer() { return impl_->session().create_answer(); }

Result<> PeerConnection::set_local_description() {
  if (auto opened = impl_->open_network(); !opened) return opened.error();
  auto result = impl_->session().set_local_description(impl_->now());
  impl_->schedule_pump();
  return result;
}

Result<> PeerConnection::set_local_description(const SessionDescription& description) {
  if (auto opened = impl_->open_network(); !opened) return opened.error();
  auto result = impl_->session().set_local_description(description, impl_->now());
  impl_->schedule_pump();
  return result;
}

Result<> PeerConnection::set_remote_description(const SessionDescription& description) {
  if (auto opened = impl_->open_network(); !opened) return opened.error();
  auto result = impl_->session().set_remote_description(description, impl_->now());
  impl_->schedule_pump();
  return result;
}

Result<> PeerConnection::add_ice_candidate(const IceCandidateInit& candidate) {
  auto result = impl_->session().add_ice_candidate(candidate, impl_->now());
  impl_->schedule_pump();
  return result;
}

std::optional<SessionDescription> PeerConnection::local_description() const {
  return impl_->session().local_description();
}

std::optional<SessionDescription> PeerConnection::remote_description() const {
  return impl_->session().remote_description();
}

void PeerConnection::restart_ice() {
  // W3C restartIce() answers nothing; on a closed connection it does nothing.
  (void)impl_->session().restart_ice();
  impl_->schedule_pump();
}

SignalingState PeerConnection::signaling_state() const { return impl_->session().signaling_state(); }
IceGatheringState PeerConnection::ice_gathering_state() const { return impl_->session().ice_gathering_state(); }
IceConnectionState PeerConnection::ice_connection_state() const { return impl_->session().ice_connection_state(); }
PeerConnectionState PeerConnection::connection_state() const { return impl_->session().connection_state(); }
const std::optional<Failure>& PeerConnection::failure() const { return impl_->session().failure(); }

Result<std::shared_ptr<RtpSender>> PeerConnection::add_track(std::shared_ptr<MediaStreamTrack> track,
                                                             std::vector<std::string> stream_ids) {
  return impl_->add_track(std::move(track), std::move(stream_ids));
}

Result<> PeerConnection::remove_track(const std::shared_ptr<RtpSender>& sender) { return impl_->remove_track(sender); }

Result<std::shared_ptr<RtpTransceiver>> PeerConnection::add_transceiver(MediaKind kind, TransceiverInit init) {
  return impl_->add_transceiver(kind, std::move(init));
}

std::vector<std::shared_ptr<RtpTransceiver>> PeerConnection::transceivers() const { return impl_->transceivers(); }

Result<std::shared_ptr<DataChannel>> PeerConnection::create_data_channel(std::string label, DataChannelInit init) {
  return impl_->create_data_channel(std::move(label), std::move(init));
}

std::optional<SctpTransport> PeerConnection::sctp() const { return impl_->session().sctp(); }

StatsReport PeerConnection::get_stats() const { return impl_->stats(); }

void PeerConnection::close() { impl_->close(); }

RtpSendParameters RtpSender::parameters() const {
  const auto connection = connection_.lock();
  return connection ? connection->parameters(*this) : RtpSendParameters{};
}

Result<> RtpSender::set_parameters(const RtpSendParameters& parameters) {
  const auto connection = connection_.lock();
  if (!connection) return Error{ErrorCode::kInvalidState, "the connection is gone"};
  return connection->set_parameters(*this, parameters);
}

Result<> RtpReceiver::set_jitter_buffer_target(std::optional<Duration> target) {
  const auto connection = connection_.lock();
  if (!connection) return Error{ErrorCode::kInvalidState, "the connection is gone"};
  return connection->session().set_jitter_buffer_target(transceiver_, target);
}

Result<> RtpSender::replace_track(std::shared_ptr<MediaStreamTrack> track) {
  const auto connection = connection_.lock();
  if (!connection || connection->closed()) return Error{ErrorCode::kInvalidState, "the connection is closed"};
  return connection->replace_track(*this, std::move(track));
}

std::optional<std::string> RtpTransceiver::mid() const {
  const auto connection = connection_.lock();
  const auto info = connection ? connection->session().transceiver(id_) : std::nullopt;
  return info ? info->mid : std::nullopt;
}

RtpTransceiverDirection RtpTransceiver::direction() const {
  const auto connection = connection_.lock();
  const auto info = connection ? connection->session().transceiver(id_) : std::nullopt;
  return info ? info->direction : RtpTransceiverDirection::kStopped;
}

std::optional<RtpTransceiverDirection> RtpTransceiver::current_direction() const {
  const auto connection = connection_.lock();
  const auto info = connection ? connection->session().transceiver(id_) : std::nullopt;
  return info ? info->current_direction : std::nullopt;
}

bool RtpTransceiver::stopped() const {
  const auto connection = connection_.lock();
  const auto info = connection ? connection->session().transceiver(id_) : std::nullopt;
  return !info || info->stopped;
}

Result<> RtpTransceiver::set_direction(RtpTransceiverDirection direction) {
  const auto connection = connection_.lock();
  if (!connection) return Error{ErrorCode::kInvalidState, "the connection is closed"};
  connection->schedule_pump();
  return connection->session().set_direction(id_, direction);
}

Result<> RtpTransceiver::set_codec_preferences(const std::vector<RtpCodec>& codecs) {
  const auto connection = connection_.lock();
  if (!connection) return Error{ErrorCode::kInvalidState, "the connection is closed"};
  return connection->session().set_codec_preferences(id_, codecs);
}

Result<> RtpTransceiver::stop() {
  const auto connection = connection_.lock();
  if (!connection) return Error{ErrorCode::kInvalidState, "the connection is closed"};
  connection->schedule_pump();
  return connection->session().stop(id_);
}

}  // namespace tidewire
