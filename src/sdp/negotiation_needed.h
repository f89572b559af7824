// W3C WebRTC §4.7.3 "check if negotiation is needed". Internal to src/sdp.
#pragma once

#include "sdp/negotiation_state.h"

namespace tidewire::sdp {

bool is_negotiation_needed(const State& state);

}  // namespace tidewire::sdp
