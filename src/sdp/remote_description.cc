// RFC 9429 §5.10, §5.11: applying a remote description.
#include <algorithm>
#include <utility>

#include "sdp/apply.h"
#include "sdp/simulcast.h"

namespace tidewire::sdp {
namespace {

// RFC 9429 §5.10: the transceiver that a track of ours waits in for a section like this, if there is one.
Transceiver* waiting_transceiver(State& state, const SectionView& section) {
  // `section` sends as the remote side sees it: it can take our track when it receives.
  if (!receives(section.direction)) return nullptr;
  const auto found = std::find_if(state.transceivers.begin(), state.transceivers.end(), [&](const Transceiver& t) {
    return t.added_by_track && !t.association.mline && !t.stopping && section_kind(t.kind) == section.kind;
  });
  return found == state.transceivers.end() ? nullptr : &*found;
}

Transceiver& add_for_remote(State& state, MediaKind kind, const TransceiverInit& made, Applied& applied) {
  Transceiver transceiver;
  transceiver.id = TransceiverId(state.next_transceiver++);
  transceiver.kind = kind;
  transceiver.direction = Direction::kRecvonly;
  transceiver.created_by_remote = true;
  // Distinct per transceiver; `made` holds random text of this call.
  transceiver.track_id = made.track_id + std::to_string(transceiver.id.value());
  applied.created.push_back(transceiver.id);
  return state.transceivers.emplace_back(std::move(transceiver));
}

// W3C webrtc-pc §4.4.1.5: a first offer to receive simulcast decides about the encodings of one who has no wishes.
void adopt_rids(Transceiver& transceiver, const SectionView& section) {
  if (!transceiver.encodings.empty() && (transceiver.encodings.size() > 1 || !transceiver.encodings[0].rid.empty())) {
    return;
  }
  const std::vector<std::string> wanted = wanted_rids(section.sources);
  transceiver.encodings.resize(std::max<std::size_t>(wanted.size(), 1));
  for (std::size_t i = 0; i < wanted.size(); ++i) transceiver.encodings[i].rid = wanted[i];
}

std::string unused_mid(State& state, const DescriptionView& view) {
  const auto in_use = [&](const std::string& mid) {
    return std::any_of(view.sections.begin(), view.sections.end(),
                       [&](const SectionView& s) { return s.mid == mid; }) ||
           std::any_of(state.transceivers.begin(), state.transceivers.end(),
                       [&](const Transceiver& t) { return t.association.mid == mid; });
  };
  std::string mid;
  do {
    mid = std::to_string(state.next_mid++);
  } while (in_use(mid));
  return mid;
}

void associate(State& state, const DescriptionView& offer, const TransceiverInit& made, Applied& applied) {
  for (std::size_t index = 0; index < offer.sections.size(); ++index) {
    const SectionView& section = offer.sections[index];
    if (section.rejected || section.kind == SectionKind::kOther) continue;
    if (section.kind == SectionKind::kApplication) {
      if (!state.data.mline) state.data.mline = index;
      continue;
    }
    if (state.at_mline(index)) continue;
    Transceiver* transceiver = waiting_transceiver(state, section);
    if (!transceiver) {
      const MediaKind kind = section.kind == SectionKind::kAudio ? MediaKind::kAudio : MediaKind::kVideo;
      transceiver = &add_for_remote(state, kind, made, applied);
    }
    adopt_rids(*transceiver, section);
    transceiver->association.mline = index;
    transceiver->association.mid = section.mid.empty() ? unused_mid(state, offer) : section.mid;
  }
}

}  // namespace

Result<> apply_remote(State& state, const NegotiatorConfig& config, SdpType type, Description tree, Applied& applied,
                      const TransceiverInit& made) {
  Result<DescriptionView> view = interpret(tree);
  if (!view) return view.error();
  if (const Result<> done = check_remote(*view); !done) return done;
  if (type == SdpType::kOffer) {
    if (state.signaling == SignalingState::kHaveLocalOffer || state.signaling == SignalingState::kHaveRemoteOffer) {
      // W3C §4.4.1.5: an offer that meets our own replaces it. One that meets an older remote one does, too.
      applied.rolled_back = state.signaling == SignalingState::kHaveLocalOffer;
      roll_back(state, applied);
    }
    if (const Result<> done = check_offer(state, *view); !done) return done;
    associate(state, *view, made, applied);
  } else {
    if (const Result<> done = check_answer(state.pending_local->view, *view); !done) return done;
  }
  announce_tracks(state, *view, applied);
  state.signaling = *next_state(state.signaling, false, type);
  state.pending_remote = AppliedDescription{type, std::move(tree), *std::move(view)};
  if (type == SdpType::kOffer) {
    update_transport(state, applied);
    return {};
  }
  if (Result<> done = agree(state, config, state.pending_local->view, state.pending_remote->view, true); !done) {
    return done;
  }
  update_transport(state, applied);
  conclude(state, type, true, applied);
  return {};
}

}  // namespace tidewire::sdp
