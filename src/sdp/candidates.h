// Candidates that trickle in after their descriptions (RFC 8838, W3C §4.4.2 addIceCandidate). Internal to src/sdp.
#pragma once

#include "sdp/negotiation_state.h"
#include "tidewire/result.h"

namespace tidewire::sdp {

// An error leaves the state as it was.
Result<RemoteCandidate> add_remote_candidate(State& state, const IceCandidateInit& init);
Result<IceCandidateInit> add_local_candidate(State& state, std::string_view candidate);

}  // namespace tidewire::sdp
