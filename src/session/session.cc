// The commands of a Session.
#include "tidewire/session.h"

#include <algorithm>
#include <utility>

#include "session/codec_preferences.h"
#include "session/fingerprints.h"
#include "session/session_impl.h"

namespace tidewire {
namespace {

// RFC 8827 §6.5 wants certificates that do not outlive their use by much; browsers give theirs 30 days.
constexpr Duration kCertificateLifetime = std::chrono::hours(24 * 30);
// Clocks of peers differ: valid from a day ago.
constexpr Duration kCertificateBackdate = std::chrono::hours(24);

std::shared_ptr<const crypto::Certificate> make_certificate(const WallClockAnchor& clock) {
  return crypto::Certificate::generate({clock.wall.since_epoch - kCertificateBackdate},
                                       {clock.wall.since_epoch + kCertificateLifetime});
}

sdp::NegotiatorConfig negotiator_config(const crypto::Certificate& certificate, const SessionConfig& config) {
  return {.capabilities = sdp::default_capabilities(),
          .fingerprints = {session::to_sdp(certificate.fingerprint())},
          .ice_lite = config.ice_lite,
          .max_message_size = config.max_message_size};
}

// 0 would mean "no limit" in the description, which nothing can keep.
SessionConfig checked(SessionConfig config) {
  config.max_message_size =
      std::clamp<std::size_t>(config.max_message_size, 1, datachannel::ChannelTable::kLargestMessage);
  if (!check_video_ladder(config.video_ladder)) config.video_ladder = default_video_ladder();
  return config;
}

session::TransportConfig transport_config(const sdp::IceCredentials& local, const SessionConfig& config) {
  return {.ice = {.local = {local.ufrag, local.pwd}, .stun_servers = config.stun_servers, .lite = config.ice_lite},
          .relay_only = config.ice_transport_policy == IceTransportPolicy::kRelay};
}

sdp::TransceiverInit to_sdp(TransceiverInit init) {
  sdp::TransceiverInit out{
      .direction = init.direction, .stream_ids = std::move(init.stream_ids), .track_id = std::move(init.track_id)};
  // A single encoding needs no name.
  if (init.send_encodings.size() > 1) {
    for (RtpEncodingParameters& encoding : init.send_encodings) out.rids.push_back(std::move(encoding.rid));
  }
  return out;
}

TransceiverInfo to_info(const sdp::TransceiverState& state) {
  return {.id = state.id,
          .kind = state.kind,
          .mid = state.mid,
          .direction = state.direction,
          .current_direction = state.current_direction,
          .stopped = state.stopped};
}

}  // namespace

Session::Impl::Impl(SessionConfig configuration)
    : config(checked(std::move(configuration))),
      random(config.random_seed),
      certificate(make_certificate(config.wall_clock)),
      negotiator(negotiator_config(*certificate, config), random.fork()),
      transport(transport_config(negotiator.local_ice(), config), certificate, random.fork(), pool),
      media({.wall_clock = config.wall_clock,
             .video_bitrate = config.video_bitrate,
             .audio_bitrate = config.audio_bitrate,
             .congestion_control = config.congestion_control,
             .start_bitrate = config.start_bitrate,
             .max_bitrate = config.max_bitrate,
             .video_ladder = config.video_ladder,
             .codec_switching = config.codec_switching},
            pool, random.fork()),
      data(pool, random.fork(), {.send_buffer_limit = config.send_buffer_limit}) {}

Session::Session(SessionConfig config) : impl_(std::make_unique<Impl>(std::move(config))) {}
Session::~Session() = default;
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;

// --- Negotiation ---

Result<SessionDescription> Session::create_offer(const OfferOptions& options) {
  return impl_->negotiator.create_offer({.ice_restart = options.ice_restart});
}

Result<SessionDescription> Session::create_answer() { return impl_->negotiator.create_answer(); }

Result<> Session::set_local_description(Timestamp now) {
  return impl_->apply(impl_->negotiator.set_local_description(), now);
}

Result<> Session::set_local_description(const SessionDescription& description, Timestamp now) {
  return impl_->apply(impl_->negotiator.set_local_description(description.type, description.sdp), now);
}

Result<> Session::set_remote_description(const SessionDescription& description, Timestamp now) {
  return impl_->apply(impl_->negotiator.set_remote_description(description.type, description.sdp), now);
}

Result<> Session::add_ice_candidate(const IceCandidateInit& candidate, Timestamp now) {
  return impl_->add_remote_candidate(candidate, now);
}

std::optional<SessionDescription> Session::local_description() const { return impl_->negotiator.local_description(); }
std::optional<SessionDescription> Session::remote_description() const { return impl_->negotiator.remote_description(); }

Result<> Session::restart_ice() {
  auto result = impl_->negotiator.restart_ice();
  impl_->announce_negotiation_needed();
  return result;
}

bool Session::negotiation_needed() const { return impl_->negotiation_needed; }
SignalingState Session::signaling_state() const { return impl_->negotiator.signaling_state(); }
PeerConnectionState Session::connection_state() const { return impl_->state; }
const std::optional<Failure>& Session::failure() const { return impl_->failure; }

std::string Session::local_ice_ufrag() const { return impl_->transport.ice().local_credentials().ufrag; }

IceConnectionState Session::ice_connection_state() const {
  if (impl_->closed) return IceConnectionState::kClosed;
  return static_cast<IceConnectionState>(impl_->transport.ice().state());
}

IceGatheringState Session::ice_gathering_state() const {
  return static_cast<IceGatheringState>(impl_->transport.ice().gathering_state());
}

// --- Media ---

Result<TransceiverId> Session::add_transceiver(MediaKind kind, TransceiverInit init) {
  if (auto checked = session::check_encodings(kind, init.send_encodings); !checked) return checked.error();
  std::vector<RtpEncodingParameters> wishes = init.send_encodings;
  auto id = impl_->negotiator.add_transceiver(kind, to_sdp(std::move(init)));
  if (wishes.size() == 1) wishes.front().rid.clear();
  if (id && !wishes.empty()) impl_->media.set_wishes(*id, std::move(wishes), impl_->now);
  impl_->announce_negotiation_needed();
  return id;
}

Result<TransceiverId> Session::add_track(MediaKind kind, TransceiverInit init) {
  auto id = impl_->negotiator.add_track(kind, to_sdp(std::move(init)));
  impl_->announce_negotiation_needed();
  return id;
}

Result<> Session::remove_track(TransceiverId transceiver) {
  auto result = impl_->negotiator.remove_track(transceiver);
  impl_->announce_negotiation_needed();
  return result;
}

Result<> Session::set_direction(TransceiverId transceiver, RtpTransceiverDirection direction) {
  auto result = impl_->negotiator.set_direction(transceiver, direction);
  impl_->announce_negotiation_needed();
  return result;
}

Result<> Session::set_codec_preferences(TransceiverId transceiver, const std::vector<RtpCodec>& codecs) {
  const auto state = impl_->negotiator.transceiver(transceiver);
  if (!state) return Error{ErrorCode::kNotFound, "no such transceiver"};
  auto found = session::find_capabilities(impl_->negotiator.capabilities(), state->kind, codecs);
  if (!found) return found.error();
  return impl_->negotiator.set_codec_preferences(transceiver, *std::move(found));
}

Result<> Session::stop(TransceiverId transceiver) {
  auto result = impl_->negotiator.stop(transceiver);
  impl_->announce_negotiation_needed();
  return result;
}

std::optional<TransceiverInfo> Session::transceiver(TransceiverId transceiver) const {
  const auto state = impl_->negotiator.transceiver(transceiver);
  return state ? std::optional(to_info(*state)) : std::nullopt;
}

std::vector<TransceiverInfo> Session::transceivers() const {
  std::vector<TransceiverInfo> all;
  for (const sdp::TransceiverState& state : impl_->negotiator.transceivers()) all.push_back(to_info(state));
  return all;
}

RtpSendParameters Session::send_parameters(TransceiverId transceiver) const {
  return impl_->send_parameters(transceiver);
}

Result<> Session::set_send_parameters(TransceiverId transceiver, const RtpSendParameters& parameters, Timestamp now) {
  const auto state = impl_->negotiator.transceiver(transceiver);
  if (!state) return Error{ErrorCode::kNotFound, "no such transceiver"};
  const RtpSendParameters before = impl_->send_parameters(transceiver);
  if (parameters.transaction_id != before.transaction_id) {
    return Error{ErrorCode::kInvalidState, "these parameters are out of date; read them again, change them, set them"};
  }
  const auto& negotiated = impl_->negotiated_codecs(transceiver);
  if (auto fine = session::check_change(state->kind, before.encodings, parameters.encodings, negotiated); !fine) {
    return fine;
  }
  impl_->now = now;
  ++impl_->parameter_changes[transceiver];
  impl_->media.set_degradation_preference(transceiver, parameters.degradation_preference);
  impl_->media.set_wishes(transceiver, parameters.encodings, now);
  impl_->media.adapt(impl_->data_waits(), now);
  impl_->announce_sending();
  return {};
}

void Session::set_content(TransceiverId transceiver, bool detailed, Timestamp now) {
  impl_->media.set_content(transceiver, detailed);
  if (impl_->media.adapt(impl_->data_waits(), now)) impl_->announce_sending();
}

Result<> Session::set_jitter_buffer_target(TransceiverId transceiver, std::optional<Duration> target) {
  if (!impl_->negotiator.transceiver(transceiver)) return Error{ErrorCode::kNotFound, "no such transceiver"};
  if (target && (*target < Duration::zero() || *target > std::chrono::seconds{4})) {
    return Error{ErrorCode::kType, "a jitter buffer's target is 0 to 4000 ms"};
  }
  impl_->media.set_jitter_buffer_target(transceiver, target);
  return {};
}

Result<> Session::send_frame(TransceiverId transceiver, const EncodedFrame& frame, Timestamp now,
                             std::size_t encoding) {
  const auto stream = impl_->media.send_stream(transceiver, encoding);
  const SendEncoding* wanted = impl_->media.encoding(transceiver, encoding);
  if (!stream || !wanted || !wanted->parameters.active || !impl_->transport.can_send_media()) {
    return Error{ErrorCode::kInvalidState, "this encoding is not sent now; wait for SendingChanged"};
  }
  // Frames of the encoder before the codec changed may still be on their way here.
  if (wanted->codec != frame.codec) {
    return Error{ErrorCode::kInvalidState, "this encoding sends " + std::string(to_string(wanted->codec)) +
                                               " now, not " + std::string(to_string(frame.codec))};
  }
  impl_->now = now;
  impl_->media.note_picture(transceiver, frame, now);
  return impl_->media.table()->send_frame(*stream, frame, now);
}

void Session::note_encoder_load(TransceiverId transceiver, const EncoderLoad& load, Timestamp now) {
  impl_->media.note_encoder_load(transceiver, load, now);
  impl_->media.adapt(impl_->data_waits(), now);
  impl_->announce_sending();  // another codec, or what adapt() made of it
}

bool Session::congested() const { return impl_->media.congested(); }

void Session::request_key_frame(TransceiverId transceiver, Timestamp now, std::string_view rid) {
  impl_->now = now;
  for (const media::StreamId stream : impl_->media.receive_streams(transceiver, rid)) {
    impl_->media.table()->request_key_frame(stream, now);
  }
}

// --- Network ---

Result<> Session::add_local_socket(const LocalSocket& socket, Timestamp now) {
  return impl_->transport.add_local_socket(socket, now);
}

Result<> Session::add_local_socket(const SocketAddress& bound, std::uint16_t preference, Timestamp now) {
  return add_local_socket({.bound = bound, .preference = preference}, now);
}

Result<> Session::add_tcp_listener(const LocalSocket& socket, Timestamp now) {
  return impl_->transport.add_tcp_listener(socket, now);
}

Result<> Session::add_tcp_active(const LocalSocket& socket, Timestamp now) {
  return impl_->transport.add_tcp_active(socket, now);
}

void Session::remove_local_socket(const SocketAddress& bound, Timestamp now) {
  impl_->transport.remove_local_socket(bound, now);
}

Result<> Session::add_stun_server(const SocketAddress& server, Timestamp now) {
  return impl_->transport.add_stun_server(server, now);
}

Result<> Session::add_turn_server(const TurnServer& server, Timestamp now) {
  return impl_->transport.add_turn_server(server, now);
}

void Session::note_server_error(IceCandidateError error) { impl_->transport.note_server_error(std::move(error)); }

void Session::end_of_local_sockets(Timestamp now) { impl_->transport.end_of_local_sockets(now); }

void Session::stream_opened(StreamId stream, const SocketAddress& local, Timestamp now) {
  impl_->transport.stream_opened(stream, local, now);
}

Result<StreamId> Session::stream_accepted(const SocketAddress& local, const SocketAddress& remote, Timestamp now) {
  return impl_->transport.stream_accepted(local, remote, now);
}

void Session::stream_closed(StreamId stream, const std::string& reason, Timestamp now) {
  impl_->transport.stream_closed(stream, reason, now);
}

void Session::name_resolved(std::string_view name, const std::optional<IpAddress>& address, Timestamp now) {
  impl_->transport.remote_name_resolved(name, address, now);
}

PacketPool& Session::pool() { return impl_->pool; }

// --- The machine ---

void Session::handle_input(Datagram datagram, Timestamp now) {
  impl_->now = now;
  if (impl_->closed) return;
  impl_->transport.handle_input(std::move(datagram), now);
  impl_->pump(now);
}

void Session::handle_timeout(Timestamp now) {
  impl_->now = now;
  if (impl_->closed) return;
  if (impl_->transport.next_timeout() <= now) impl_->transport.handle_timeout(now);
  if (impl_->data.next_timeout() <= now) impl_->data.handle_timeout(now);
  if (impl_->media.next_timeout() <= now) impl_->media.table()->handle_timeout(now);
  impl_->pump(now);
}

Timestamp Session::next_timeout() const {
  if (impl_->closed) return kNever;
  return std::min({impl_->transport.next_timeout(), impl_->data.next_timeout(), impl_->media.next_timeout(),
                   impl_->next_data_timeout()});
}

std::optional<Datagram> Session::poll_transmit(Timestamp now) {
  impl_->now = std::max(impl_->now, now);
  if (auto datagram = impl_->transport.poll_transmit(impl_->now)) return datagram;
  impl_->fill_transport(impl_->now);
  return impl_->transport.poll_transmit(impl_->now);
}

std::optional<Datagram> Session::poll_transmit() { return poll_transmit(impl_->now); }

std::optional<SessionEvent> Session::poll_event() {
  if (impl_->events.empty() && !impl_->closed) impl_->pump(impl_->now);
  if (impl_->events.empty()) return std::nullopt;
  SessionEvent event = impl_->events.pop_front();
  if (const auto* message = std::get_if<event::MessageReceived>(&event)) impl_->event_bytes -= message->payload.size();
  return event;
}

StatsReport Session::stats(Timestamp now) const { return impl_->report(now); }

void Session::close(Timestamp now) { impl_->close(now); }

}  // namespace tidewire
