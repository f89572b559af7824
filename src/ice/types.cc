#include "ice/types.h"

namespace tidewire::ice {

std::string_view to_string(Role role) { return role == Role::kControlling ? "controlling" : "controlled"; }

std::string_view to_string(State state) {
  switch (state) {
    case State::kNew: return "new";
    case State::kChecking: return "checking";
    case State::kConnected: return "connected";
    case State::kCompleted: return "completed";
    case State::kDisconnected: return "disconnected";
    case State::kFailed: return "failed";
    case State::kClosed: return "closed";
  }
  return "";
}

std::string_view to_string(GatheringState state) {
  switch (state) {
    case GatheringState::kNew: return "new";
    case GatheringState::kGathering: return "gathering";
    case GatheringState::kComplete: return "complete";
  }
  return "";
}

std::string_view to_string(PairState state) {
  switch (state) {
    case PairState::kWaiting: return "waiting";
    case PairState::kInProgress: return "in-progress";
    case PairState::kSucceeded: return "succeeded";
    case PairState::kFailed: return "failed";
  }
  return "";
}

Credentials generate_credentials(crypto::Random& random) {
  constexpr std::size_t kUfragLength = 4;  // × 6 bits: the 24 bits that RFC 8839 §5.4 asks for
  constexpr std::size_t kPwdLength = 24;   // × 6 bits: more than its 128
  Credentials credentials;
  credentials.ufrag = random.ice_chars(kUfragLength);
  credentials.pwd = random.ice_chars(kPwdLength);
  return credentials;
}

}  // namespace tidewire::ice
