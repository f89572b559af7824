// Base64 (RFC 4648 §4) and hexadecimal text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tidewire/bytes.h"

namespace tidewire {

std::string base64_encode(ByteView bytes);
// Padding is required; nothing when the text holds any other character, white space included.
std::optional<Bytes> base64_decode(std::string_view text);

// Lower-case pairs without separators.
std::string hex_encode(ByteView bytes);
// Pairs of either case without separators; nothing when malformed.
std::optional<Bytes> hex_decode(std::string_view text);

}  // namespace tidewire
