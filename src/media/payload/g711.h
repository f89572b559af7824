// The RTP payload format for G.711, PCMU and PCMA alike (RFC 3551 §4.5.14): one byte for each sample of one channel.
#pragma once

#include <cstdint>
#include <optional>

#include "tidewire/bytes.h"

namespace tidewire::media {

// Length in ticks of 8 kHz. Nothing when it is empty, or longer than the 200 ms that RFC 3551 §4.2 asks of receivers.
constexpr std::optional<std::uint32_t> g711_duration(ByteView payload) {
  if (payload.empty() || payload.size() > 1600) return std::nullopt;
  return static_cast<std::uint32_t>(payload.size());
}

}  // namespace tidewire::media
