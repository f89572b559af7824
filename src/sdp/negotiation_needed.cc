#include "sdp/negotiation_needed.h"

#include <algorithm>

namespace tidewire::sdp {
namespace {

bool same_streams(const SectionView& local, const Transceiver& transceiver) {
  std::vector<std::string> streams;
  for (const Msid& msid : local.sources.msids) {
    if (msid.stream != "-") streams.push_back(msid.stream);
  }
  std::vector<std::string> wanted = transceiver.stream_ids;
  std::sort(streams.begin(), streams.end());
  std::sort(wanted.begin(), wanted.end());
  return streams == wanted;
}

bool needs_negotiation(const State& state, const Transceiver& transceiver) {
  if (transceiver.stopping || !transceiver.association.mline || !state.current_local || !state.current_remote) {
    return true;
  }
  const std::size_t index = *transceiver.association.mline;
  const SectionView& local = state.current_local->view.sections[index];
  const SectionView& remote = state.current_remote->view.sections[index];
  if (state.current_local->type == SdpType::kOffer) {
    // An answer cannot add a=msid lines to what the offer did not send, an offer can.
    if (sends(transceiver.direction) && !same_streams(local, transceiver)) return true;
    return local.direction != transceiver.direction && reversed(remote.direction) != transceiver.direction;
  }
  if (sends(transceiver.direction) && receives(remote.direction) && !same_streams(local, transceiver)) return true;
  return local.direction != intersect(transceiver.direction, reversed(remote.direction));
}

}  // namespace

bool is_negotiation_needed(const State& state) {
  if (state.signaling != SignalingState::kStable) return false;
  if (state.ice_restart_wanted) return true;
  if (state.data.wanted && !state.data.mline) return true;
  return std::any_of(state.transceivers.begin(), state.transceivers.end(),
                     [&](const Transceiver& transceiver) { return needs_negotiation(state, transceiver); });
}

}  // namespace tidewire::sdp
