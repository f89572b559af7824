// What a signaling server counts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "signaling/messages.h"

namespace tidewire::server {

inline constexpr std::size_t kFaultCount = static_cast<std::size_t>(signaling::Fault::kJoinTimeout) + 1;

struct SignalingStats {
  std::size_t rooms = 0;        // now
  std::size_t connections = 0;  // now
  std::size_t members = 0;      // now: connections that have joined a room
  std::uint64_t connections_taken = 0;
  std::uint64_t joins = 0;
  std::uint64_t messages = 0;                       // from clients
  std::array<std::uint64_t, kFaultCount> faults{};  // told to clients, by Fault
};

}  // namespace tidewire::server
