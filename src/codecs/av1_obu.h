// The units that an AV1 stream is made of, as far as they must be told apart (AV1 bitstream specification §5.3).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "tidewire/bytes.h"

namespace tidewire::codecs {

// §6.2.2: obu_type.
enum class ObuType : std::uint8_t { kSequenceHeader = 1, kTemporalDelimiter = 2, kFrameHeader = 3, kFrame = 6 };

struct Obu {
  ObuType type{};
  ByteView bytes;  // with its header
};

// Nothing when the bytes are not whole OBUs with sizes.
std::optional<std::vector<Obu>> split_obus(ByteView temporal_unit);

}  // namespace tidewire::codecs
