// The states of a connection, under the W3C's names.
#pragma once

#include <string_view>

namespace tidewire {

// Which candidates may be used: all, or relays alone.
enum class IceTransportPolicy { kAll, kRelay };
enum class IceGatheringState { kNew, kGathering, kComplete };
enum class IceConnectionState { kNew, kChecking, kConnected, kCompleted, kDisconnected, kFailed, kClosed };
// ICE and DTLS together.
enum class PeerConnectionState { kNew, kConnecting, kConnected, kDisconnected, kFailed, kClosed };

constexpr std::string_view to_string(IceGatheringState state) {
  switch (state) {
    case IceGatheringState::kNew: return "new";
    case IceGatheringState::kGathering: return "gathering";
    case IceGatheringState::kComplete: return "complete";
  }
  return "";
}

constexpr std::string_view to_string(IceConnectionState state) {
  switch (state) {
    case IceConnectionState::kNew: return "new";
    case IceConnectionState::kChecking: return "checking";
    case IceConnectionState::kConnected: return "connected";
    case IceConnectionState::kCompleted: return "completed";
    case IceConnectionState::kDisconnected: return "disconnected";
    case IceConnectionState::kFailed: return "failed";
    case IceConnectionState::kClosed: return "closed";
  }
  return "";
}

constexpr std::string_view to_string(PeerConnectionState state) {
  switch (state) {
    case PeerConnectionState::kNew: return "new";
    case PeerConnectionState::kConnecting: return "connecting";
    case PeerConnectionState::kConnected: return "connected";
    case PeerConnectionState::kDisconnected: return "disconnected";
    case PeerConnectionState::kFailed: return "failed";
    case PeerConnectionState::kClosed: return "closed";
  }
  return "";
}

}  // namespace tidewire
