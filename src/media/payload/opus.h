// The RTP payload format for Opus (RFC 7587): one Opus packet is one payload. What is left to know is how long it
// lasts.
#pragma once

#include <cstdint>
#include <optional>

#include "tidewire/bytes.h"

namespace tidewire::media {

// Length in ticks of 48 kHz, from the packet's first bytes (RFC 6716 §3.1, §3.2). Nothing when it is empty, or longer
// than the 120 ms that RFC 6716 §3.2.5 allows.
std::optional<std::uint32_t> opus_duration(ByteView packet);

// Whether it is of CELT alone (RFC 6716 §3.1), which has no redundancy, and whose decoder makes no use of that of the
// packet after it.
bool opus_is_celt(ByteView packet);

// What the packet's in-band redundancy (RFC 6716 §4.2.5) covers of the time before it, in ticks of 48 kHz: one frame,
// or nothing.
std::uint32_t opus_redundancy(ByteView packet);

}  // namespace tidewire::media
