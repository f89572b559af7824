// From descriptions to the transport, the media streams and the channels.
#include <utility>

#include "session/fingerprints.h"
#include "session/session_impl.h"

namespace tidewire {

Result<> Session::Impl::apply(Result<sdp::Applied> applied, Timestamp at) {
  if (!applied) return applied.error();
  now = at;
  const sdp::NegotiatedSession& negotiated = negotiator.negotiated();
  if (applied->local_ice_restart) {
    const sdp::IceCredentials& local = negotiator.local_ice();
    transport.ice().restart({local.ufrag, local.pwd}, at);
    known_remote_candidates.clear();
    awaiting_remote_restart = negotiator.signaling_state() == SignalingState::kHaveLocalOffer;
  }
  if (negotiated.transport) apply_transport(*negotiated.transport, at);
  if (applied->answered || applied->rolled_back) apply_media(at);
  release_local_candidates();
  if (applied->signaling_state_changed) emit(event::SignalingStateChanged{negotiator.signaling_state()});
  announce_tracks(*applied);
  announce_negotiation_needed();
  start_data_if_ready(at);
  pump(at);
  update_connection_state();
  return {};
}

void Session::Impl::apply_transport(const sdp::NegotiatedTransport& remote, Timestamp at) {
  ice::Agent& agent = transport.ice();
  // RFC 8445 §6.1.1. Once checks run, the conflict rules decide and the agent refuses: that is the right end.
  (void)agent.set_role(remote.ice_controlling ? ice::Role::kControlling : ice::Role::kControlled, at);
  if (remote.remote_ice_lite) agent.set_remote_lite(at);
  if (remote.remote_ice_generation != remote_ice_generation) {
    // RFC 8445 §9: the peer restarted. Ours followed in apply() when both did; the agent forgets the old side.
    remote_ice_generation = remote.remote_ice_generation;
    known_remote_candidates.clear();
    awaiting_remote_restart = false;
  }
  if (awaiting_remote_restart) return;
  // A restart by the peer's offer is refused here and taken with our answer, which restarts our side too.
  (void)agent.set_remote_credentials({remote.remote_ice.ufrag, remote.remote_ice.pwd}, at);
  for (const std::string& text : remote.remote_candidates) {
    if (!known_remote_candidates.insert(text).second) continue;
    // What the agent has no use for (TCP, unknown types, too many) does not spoil the description: RFC 8839 §5.1.
    if (const auto candidate = ice::parse_candidate(text)) (void)transport.add_remote_candidate(*candidate, at);
  }
  if (remote.end_of_candidates) agent.end_of_remote_candidates(at);

  std::vector<crypto::Fingerprint> fingerprints;
  for (const sdp::Fingerprint& fingerprint : remote.remote_fingerprints) {
    fingerprints.push_back(session::to_crypto(fingerprint));
  }
  transport.keying().set_remote_fingerprints(std::move(fingerprints), at);
  if (remote.dtls_role) {
    const bool client = *remote.dtls_role == sdp::DtlsRole::kClient;
    transport.keying().set_role(client ? dtls::Role::kClient : dtls::Role::kServer, at);
    data.channels().set_role(client ? datachannel::Role::kDtlsClient : datachannel::Role::kDtlsServer);
  }
}

void Session::Impl::apply_media(Timestamp at) {
  media.apply(negotiator.negotiated().sections, at);
  media.adapt(data_waits(), at);
  announce_sending();
}

// Says for which transceivers frames are wanted: those that were negotiated to send, once there are keys.
void Session::Impl::announce_sending() {
  std::map<TransceiverId, std::vector<SendEncoding>> sending;
  if (transport.keying().srtp() && !closed) sending = media.sending();
  for (const auto& [id, encodings] : announced_sending) {
    if (!sending.contains(id)) emit(event::SendingChanged{id, {}});
  }
  for (const auto& [id, encodings] : sending) {
    const auto before = announced_sending.find(id);
    if (before == announced_sending.end() || before->second != encodings) emit(event::SendingChanged{id, encodings});
  }
  for (const TransceiverId id : media.take_limited()) {
    const session::QualityLimitation* limitation = media.limitation(id);
    if (!limitation || !sending.contains(id)) continue;
    emit(event::QualityLimitationChanged{.transceiver = id,
                                         .reason = limitation->reason(),
                                         .paused = limitation->paused(),
                                         .text = limitation->describe(media.table()->available_bitrate().value_or(0))});
  }
  data.set_beside_media(!sending.empty());
  announced_sending = std::move(sending);
}

void Session::Impl::start_data_if_ready(Timestamp at) {
  const auto& sctp = negotiator.negotiated().sctp;
  if (!sctp) return;
  data.channels().set_max_message_size(sctp->remote_max_message_size);
  if (data.started() || transport.keying().state() != session::Keying::State::kConnected) return;
  data.start({.local_port = sctp->local_port,
              .remote_port = sctp->remote_port,
              .max_mtu = session::kMaxSctpPacket,
              .max_message_size = config.max_message_size},
             at);
}

void Session::Impl::announce_tracks(const sdp::Applied& applied) {
  for (const sdp::RemoteTrack& track : applied.tracks_removed) emit(event::TrackRemoved{track.transceiver});
  for (const sdp::RemoteTrack& track : applied.tracks_added) {
    emit(event::TrackAdded{track.transceiver, track.kind, track.track_id, track.stream_ids});
  }
}

// W3C "update the negotiation-needed flag": told once for each change from no to yes.
void Session::Impl::announce_negotiation_needed() {
  const bool needed = !closed && negotiator.negotiation_needed();
  if (needed && !negotiation_needed) emit(event::NegotiationNeeded{});
  negotiation_needed = needed;
}

// Candidates surface after the first local description, which they belong to (W3C: setLocalDescription starts
// gathering; ours may have run before).
void Session::Impl::announce_local_candidate(std::string candidate) {
  if (!negotiator.local_description()) {
    if (candidate.empty()) {
      end_of_candidates_waiting = true;
    } else {
      waiting_candidates.push_back(std::move(candidate));
    }
    return;
  }
  if (auto init = negotiator.add_local_candidate(candidate)) emit(event::IceCandidateFound{std::move(*init)});
}

void Session::Impl::release_local_candidates() {
  if (!negotiator.local_description()) return;
  for (std::string& candidate : std::exchange(waiting_candidates, {})) announce_local_candidate(std::move(candidate));
  if (std::exchange(end_of_candidates_waiting, false)) announce_local_candidate("");
}

Result<> Session::Impl::add_remote_candidate(const IceCandidateInit& init, Timestamp at) {
  now = at;
  auto known = negotiator.add_remote_candidate(init);
  if (!known) return known.error();
  if (!known->usable) return {};
  if (known->candidate.empty()) {
    transport.ice().end_of_remote_candidates(at);
  } else if (const auto candidate = ice::parse_candidate(known->candidate)) {
    known_remote_candidates.insert(known->candidate);
    (void)transport.add_remote_candidate(*candidate, at);
  }
  pump(at);
  return {};
}

}  // namespace tidewire
