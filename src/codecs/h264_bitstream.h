// The little of an H.264 byte stream (ITU-T H.264) that must be known before a library sees it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "codecs/picture.h"
#include "tidewire/bytes.h"

namespace tidewire::codecs {

// Table 7-1: nal_unit_type.
enum class NalType : std::uint8_t { kSlice = 1, kIdrSlice = 5, kSps = 7, kPps = 8 };

inline NalType nal_type(ByteView nal) { return static_cast<NalType>(nal[0] & 0x1f); }

// Annex B: the NAL units between start codes, none of them empty. Nothing when the bytes do not begin with a start
// code.
std::optional<std::vector<ByteView>> split_annex_b(ByteView access_unit);

// §7.3.2.1.1: the size of the pictures that a sequence parameter set announces, before cropping. Nothing when it is
// malformed.
std::optional<Size> coded_size(ByteView sps);

}  // namespace tidewire::codecs
