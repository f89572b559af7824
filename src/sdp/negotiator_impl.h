// The inside of a Negotiator, shared by the files that implement it. Internal to src/sdp.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "sdp/negotiation_state.h"
#include "sdp/negotiator.h"

namespace tidewire::sdp {

inline Error invalid_state(std::string message) { return {ErrorCode::kInvalidState, std::move(message)}; }

inline Error closed_error() { return invalid_state("the connection is closed"); }

struct Negotiator::Impl {
  NegotiatorConfig config;
  crypto::Random random;
  State state;

  bool closed() const { return state.signaling == SignalingState::kClosed; }
  std::string random_id() { return hex_id(random.u64()) + hex_id(random.u64()); }
  static std::string hex_id(std::uint64_t value);
  bool is_free(std::uint32_t ssrc) const;
  std::uint32_t new_ssrc();
  // Draws the SSRCs that are missing.
  void complete(std::vector<LocalEncoding>& encodings);
  IceCredentials new_credentials();

  Transceiver& add(MediaKind kind, TransceiverInit init);
  Result<Transceiver*> live(TransceiverId id);
  // Every change of what an offer or answer would say.
  void changed() { ++state.revision; }

  Created create_offer(bool ice_restart);
  Created create_answer();
  void finish(Created& created) const;
  Result<Created> take_created(SdpType type, std::string_view sdp);
};

}  // namespace tidewire::sdp
