// RFC 9429 §5.9: applying a local description; and what an answer of either side brings about.
#include <algorithm>
#include <utility>

#include "sdp/apply.h"
#include "sdp/section_writer.h"

namespace tidewire::sdp {
namespace {

Result<> associate(State& state, const Created& created, const DescriptionView& view) {
  for (std::size_t index = 0; index < created.transceivers.size(); ++index) {
    if (!created.transceivers[index]) continue;
    Transceiver* transceiver = state.find(*created.transceivers[index]);
    if (!transceiver) {
      return Error{ErrorCode::kInvalidModification, "a transceiver was stopped meanwhile; create the description anew"};
    }
    transceiver->association.mline = index;
    if (!view.sections[index].mid.empty()) transceiver->association.mid = view.sections[index].mid;
  }
  state.data.mline = created.data_mline;
  return {};
}

void use_credentials(State& state, const IceCredentials& ice, Applied& applied) {
  if (state.next_ice == ice) state.next_ice.reset();
  if (state.local_ice == ice) return;
  if (state.local_ice == state.stable_local_ice) {
    state.stable_local_candidates = state.local_candidates;
    state.stable_local_end_of_candidates = state.local_end_of_candidates;
  }
  state.local_ice = ice;
  state.local_ice_generation = ++state.newest_local_ice_generation;
  state.local_candidates.clear();
  state.local_end_of_candidates = false;
  applied.local_ice_restart = true;
}

// RFC 9429 §5.11: a rejected section stops its transceiver for good.
void stop_rejected(State& state, Applied& applied) {
  for (NegotiatedSection& section : state.negotiated.sections) {
    if (!section.rejected) continue;
    if (state.data.mline == section.index) state.data = {};
    Transceiver* transceiver = state.at_mline(section.index);
    if (!transceiver) continue;
    withdraw_track(*transceiver, applied);
    const TransceiverId id = transceiver->id;
    applied.stopped.push_back(id);
    std::erase_if(state.transceivers, [&](const Transceiver& t) { return t.id == id; });
  }
}

void become_stable(State& state) {
  state.current_local = std::exchange(state.pending_local, std::nullopt);
  state.current_remote = std::exchange(state.pending_remote, std::nullopt);
  for (Transceiver& transceiver : state.transceivers) {
    transceiver.stable.reset();
    if (transceiver.association.mline) transceiver.stable = transceiver.association;
  }
  if (state.local_ice != state.stable_local_ice) state.ice_restart_wanted = false;
  state.stable_local_ice = state.local_ice;
  state.stable_local_ice_generation = state.local_ice_generation;
  state.data.stable_mline = state.data.mline;
  state.last_offer.reset();
  state.last_answer.reset();
}

std::string remote_track_id(const SectionView& section, const std::string& mid) {
  for (const Msid& msid : section.sources.msids) {
    if (!msid.track.empty()) return msid.track;
  }
  for (const Source& source : section.sources.sources) {
    if (source.msid && !source.msid->track.empty()) return source.msid->track;
  }
  return "remote-" + mid;
}

// RFC 8830 §2; a=ssrc:… msid: is how it was written before.
std::vector<std::string> remote_stream_ids(const SectionView& section) {
  std::vector<std::string> ids;
  const auto add = [&](const Msid& msid) {
    if (msid.stream != "-" && std::find(ids.begin(), ids.end(), msid.stream) == ids.end()) ids.push_back(msid.stream);
  };
  for (const Msid& msid : section.sources.msids) add(msid);
  if (!section.sources.msids.empty()) return ids;
  for (const Source& source : section.sources.sources) {
    if (source.msid) add(*source.msid);
  }
  return ids;
}

RemoteTrack remote_track(const Transceiver& transceiver) {
  return {transceiver.id, transceiver.kind, transceiver.association.mid.value_or(""),
          transceiver.association.remote_track_id, transceiver.association.remote_stream_ids};
}

}  // namespace

std::optional<SignalingState> next_state(SignalingState state, bool local, SdpType type) {
  using enum SignalingState;
  const SignalingState have_offer = local ? kHaveLocalOffer : kHaveRemoteOffer;
  const SignalingState offered = local ? kHaveRemoteOffer : kHaveLocalOffer;
  const SignalingState have_pranswer = local ? kHaveLocalPranswer : kHaveRemotePranswer;
  switch (type) {
    case SdpType::kOffer:
      if (state == kStable || state == have_offer || (!local && state == kHaveLocalOffer)) return have_offer;
      break;
    case SdpType::kPranswer:
      if (state == offered || state == have_pranswer) return have_pranswer;
      break;
    case SdpType::kAnswer:
      if (state == offered || state == have_pranswer) return kStable;
      break;
    case SdpType::kRollback:
      // RFC 9429 §4.1.10.2: by the same call that the offer came through.
      if (state == have_offer) return kStable;
      break;
  }
  return std::nullopt;
}

Result<> apply_local(State& state, const NegotiatorConfig& config, SdpType type, const Created& created,
                     Applied& applied) {
  Result<DescriptionView> view = interpret(created.tree);
  if (!view) return view.error();
  if (Result<> done = associate(state, created, *view); !done) return done;
  state.next_mid = created.next_mid;
  state.session_version = created.tree.origin.session_version;
  state.signaling = *next_state(state.signaling, true, type);
  use_credentials(state, created.ice, applied);
  state.pending_local = AppliedDescription{type, created.tree, *std::move(view)};
  write_candidates(state, *state.pending_local);
  if (type == SdpType::kOffer) {
    update_transport(state, applied);
    return {};
  }
  if (Result<> done = agree(state, config, state.pending_local->view, state.pending_remote->view, false); !done) {
    return done;
  }
  update_transport(state, applied);
  conclude(state, type, false, applied);
  return {};
}

void conclude(State& state, SdpType type, bool local_offered, Applied& applied) {
  applied.answered = true;
  state.paired_remote_ice =
      state.negotiated.transport ? std::optional(state.negotiated.transport->remote_ice) : std::nullopt;
  if (!state.ice_controlling) state.ice_controlling = local_offered;
  for (const NegotiatedSection& section : state.negotiated.sections) {
    Transceiver* transceiver = section.rejected ? nullptr : state.at_mline(section.index);
    if (!transceiver) continue;
    transceiver->current_direction = make_direction(section.send, section.receive);
    transceiver->has_sent = transceiver->has_sent || section.send;
    // W3C §4.4.1.5: our own answer may refuse what the offer wanted to send.
    if (!local_offered && !section.receive) withdraw_track(*transceiver, applied);
  }
  if (type != SdpType::kAnswer) return;
  stop_rejected(state, applied);
  become_stable(state);
}

void announce_tracks(State& state, const DescriptionView& remote, Applied& applied) {
  for (std::size_t index = 0; index < remote.sections.size(); ++index) {
    Transceiver* transceiver = state.at_mline(index);
    if (!transceiver) continue;
    const SectionView& section = remote.sections[index];
    if (section.rejected || !sends(section.direction)) {
      withdraw_track(*transceiver, applied);
      continue;
    }
    Transceiver::Association& association = transceiver->association;
    association.remote_track_id = remote_track_id(section, association.mid.value_or(""));
    association.remote_stream_ids = remote_stream_ids(section);
    if (!std::exchange(association.receiving, true)) applied.tracks_added.push_back(remote_track(*transceiver));
  }
}

void withdraw_track(Transceiver& transceiver, Applied& applied) {
  if (std::exchange(transceiver.association.receiving, false)) {
    applied.tracks_removed.push_back(remote_track(transceiver));
  }
  transceiver.association.remote_stream_ids.clear();
}

void roll_back(State& state, Applied& applied) {
  state.pending_local.reset();
  state.pending_remote.reset();
  state.last_offer.reset();
  state.last_answer.reset();
  state.signaling = SignalingState::kStable;
  state.data.mline = state.data.stable_mline;
  if (state.local_ice != state.stable_local_ice) {
    state.local_ice = state.stable_local_ice;
    state.local_ice_generation = state.stable_local_ice_generation;
    state.local_candidates = state.stable_local_candidates;
    state.local_end_of_candidates = state.stable_local_end_of_candidates;
    applied.local_ice_restart = true;
  }
  for (Transceiver& transceiver : state.transceivers) {
    const Transceiver::Association before = transceiver.stable.value_or(Transceiver::Association{});
    if (!before.receiving) withdraw_track(transceiver, applied);
    const bool was_receiving = transceiver.association.receiving;
    transceiver.association = before;
    if (before.receiving && !was_receiving) applied.tracks_added.push_back(remote_track(transceiver));
    // RFC 9429 §5.7: it goes, unless a track was put into it meanwhile.
    if (!transceiver.stable && transceiver.created_by_remote && !transceiver.added_by_track) {
      applied.removed.push_back(transceiver.id);
    }
  }
  std::erase_if(state.transceivers, [&](const Transceiver& t) {
    return std::find(applied.removed.begin(), applied.removed.end(), t.id) != applied.removed.end();
  });
  update_transport(state, applied);
}

}  // namespace tidewire::sdp
