// The names and numbers that the parts of SCTP share.
#pragma once

#include <cstdint>

#include "base/strong_id.h"

namespace tidewire::sctp {

// RFC 9260 §3.3.1: Stream Identifier.
using StreamId = StrongId<struct StreamIdTag, std::uint16_t>;
// RFC 9260 §3.3.1: Payload Protocol Identifier; carried, never looked at.
using Ppid = StrongId<struct PpidTag, std::uint32_t>;

// A TSN without its wrap: the 32 bits on the wire extended to 64, so that plain comparison is right. The wire form is
// the low half.
using Tsn = std::int64_t;
constexpr std::uint32_t wire_tsn(Tsn tsn) { return static_cast<std::uint32_t>(tsn); }

}  // namespace tidewire::sctp
