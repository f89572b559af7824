// Session descriptions and ICE candidates as the signaling channel carries them (W3C WebRTC 1.0 §4.6, §4.8).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tidewire {

// RTCSdpType.
enum class SdpType { kOffer, kPranswer, kAnswer, kRollback };

// RTCSignalingState.
enum class SignalingState {
  kStable,
  kHaveLocalOffer,
  kHaveRemoteOffer,
  kHaveLocalPranswer,
  kHaveRemotePranswer,
  kClosed,
};

// RTCSessionDescriptionInit.
struct SessionDescription {
  SdpType type = SdpType::kOffer;
  // Lines end with CRLF. Empty for a rollback.
  std::string sdp;

  friend bool operator==(const SessionDescription&, const SessionDescription&) = default;
};

// RTCIceCandidateInit.
struct IceCandidateInit {
  // "candidate:…" without "a="; empty says that no more candidates follow.
  std::string candidate;
  std::optional<std::string> sdp_mid;
  std::optional<std::uint16_t> sdp_mline_index;
  std::optional<std::string> username_fragment;

  friend bool operator==(const IceCandidateInit&, const IceCandidateInit&) = default;
};

// The W3C's spelling, e.g. "pranswer".
constexpr std::string_view to_string(SdpType type) {
  switch (type) {
    case SdpType::kOffer: return "offer";
    case SdpType::kPranswer: return "pranswer";
    case SdpType::kAnswer: return "answer";
    case SdpType::kRollback: return "rollback";
  }
  return "";
}

// The type of that W3C spelling; nothing when there is none.
constexpr std::optional<SdpType> sdp_type_from_string(std::string_view text) {
  for (const SdpType type : {SdpType::kOffer, SdpType::kPranswer, SdpType::kAnswer, SdpType::kRollback}) {
    if (text == to_string(type)) return type;
  }
  return std::nullopt;
}

// The W3C's spelling, e.g. "have-local-offer".
constexpr std::string_view to_string(SignalingState state) {
  switch (state) {
    case SignalingState::kStable: return "stable";
    case SignalingState::kHaveLocalOffer: return "have-local-offer";
    case SignalingState::kHaveRemoteOffer: return "have-remote-offer";
    case SignalingState::kHaveLocalPranswer: return "have-local-pranswer";
    case SignalingState::kHaveRemotePranswer: return "have-remote-pranswer";
    case SignalingState::kClosed: return "closed";
  }
  return "";
}

}  // namespace tidewire
