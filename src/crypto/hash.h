// Hash functions and HMAC.
#pragma once

#include <array>
#include <cstdint>

#include "tidewire/bytes.h"

namespace tidewire::crypto {

using Md5Digest = std::array<std::uint8_t, 16>;
using Sha1Digest = std::array<std::uint8_t, 20>;
using Sha256Digest = std::array<std::uint8_t, 32>;

Md5Digest md5(ByteView bytes);  // only for STUN long-term credentials (RFC 8489 §9.2.2)
Sha1Digest sha1(ByteView bytes);
Sha256Digest sha256(ByteView bytes);

Sha1Digest hmac_sha1(ByteView key, ByteView bytes);
Sha256Digest hmac_sha256(ByteView key, ByteView bytes);

// Takes the same time wherever the first difference is. False when the lengths differ.
bool equal_in_constant_time(ByteView a, ByteView b);

}  // namespace tidewire::crypto
