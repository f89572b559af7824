// The CRC-32 of ITU V.42, which FINGERPRINT uses (RFC 8489 §14.7).
#pragma once

#include <cstdint>

#include "tidewire/bytes.h"

namespace tidewire::stun {

std::uint32_t crc32(ByteView bytes);

}  // namespace tidewire::stun
