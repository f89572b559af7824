// Creating offers and answers (RFC 9429 §5.2, §5.3). Internal to src/sdp.
#pragma once

#include "crypto/random.h"
#include "sdp/negotiation_state.h"
#include "tidewire/result.h"

namespace tidewire::sdp {

// `ice` is what the offer carries: the present credentials, or new ones for a restart.
Created make_offer(const State& state, const NegotiatorConfig& config, IceCredentials ice);

// Only while a remote offer is pending.
Created make_answer(const State& state, const NegotiatorConfig& config, IceCredentials ice);

// Codecs of the transceiver: its preferences, else all of its kind.
std::vector<CodecCapability> codecs_for(const Transceiver& transceiver, const Capabilities& capabilities);

}  // namespace tidewire::sdp
