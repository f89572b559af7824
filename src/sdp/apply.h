// Applying descriptions to the state (RFC 9429 §5.9 to §5.11, W3C WebRTC §4.4.1.5). Internal to src/sdp.
//
// These work on a copy of the state that is thrown away when they return an error.
#pragma once

#include <optional>

#include "sdp/negotiation_state.h"
#include "tidewire/result.h"

namespace tidewire::sdp {

// The state after that description; nothing when it is not allowed. An offer that crosses ours is (RFC 9429 §4.1.10.2).
std::optional<SignalingState> next_state(SignalingState state, bool local, SdpType type);

// `created` is what was offered or answered; `type` may be kPranswer for an answer.
Result<> apply_local(State& state, const NegotiatorConfig& config, SdpType type, const Created& created,
                     Applied& applied);
Result<> apply_remote(State& state, const NegotiatorConfig& config, SdpType type, Description tree, Applied& applied,
                      const TransceiverInit& made);

// Back to the last stable state (RFC 9429 §5.7).
void roll_back(State& state, Applied& applied);

// -- Parts of the above.

// What a remote description must have to be workable: BUNDLE, rtcp-mux, ICE credentials, fingerprints.
Result<> check_remote(const DescriptionView& view);
Result<> check_answer(const DescriptionView& offer, DescriptionView& answer);
Result<> check_offer(const State& state, const DescriptionView& offer);

// Fills state.negotiated.sections and sctp from an offer and its answer, one local, one remote.
Result<> agree(State& state, const NegotiatorConfig& config, const DescriptionView& local,
               const DescriptionView& remote, bool local_offered);

// Fills state.negotiated.transport from the descriptions.
void update_transport(State& state, Applied& applied);

// What an answer or pranswer does besides: directions, stopped transceivers, and for an answer the stable state.
void conclude(State& state, SdpType type, bool local_offered, Applied& applied);

// W3C "process remote tracks": announces what `remote` sends now, and takes back what it sends no more.
void announce_tracks(State& state, const DescriptionView& remote, Applied& applied);
void withdraw_track(Transceiver& transceiver, Applied& applied);

}  // namespace tidewire::sdp
