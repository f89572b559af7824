// The bounds of the signaling protocol (docs/signaling.md §6); both ends keep them.
#pragma once

#include <cstddef>

namespace tidewire::signaling {

inline constexpr int kProtocolVersion = 1;
inline constexpr std::size_t kMaxMessageSize = 256 * 1024;  // bytes of one WebSocket message
inline constexpr std::size_t kMaxRoomLength = 64;           // of [A-Za-z0-9_-]
inline constexpr std::size_t kMaxNameLength = 64;           // code points
inline constexpr std::size_t kMinKeyLength = 16;            // of [A-Za-z0-9_-]
inline constexpr std::size_t kMaxKeyLength = 128;
inline constexpr std::size_t kMaxReasonLength = 256;  // code points

}  // namespace tidewire::signaling
