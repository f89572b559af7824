// The identifiers that RTP carries.
#pragma once

#include <cstdint>

#include "base/strong_id.h"

namespace tidewire::rtp {

using Ssrc = StrongId<struct SsrcTag, std::uint32_t>;
// 7 bits.
using PayloadType = StrongId<struct PayloadTypeTag, std::uint8_t>;

}  // namespace tidewire::rtp
