// The little of an H.264 byte stream (ITU-T H.264) that must be known before a library sees it.
#pragma once

#include <cstddef>
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

// §7.4.1.1: the first bytes of a NAL unit without those that only keep start codes from appearing, `most` of them.
Bytes without_emulation_prevention(ByteView nal, std::size_t most);

// What headers of slices and pictures depend on.
struct SequenceParameters {
  std::uint32_t id = 0;
  Size size;  // of the pictures, before cropping
  bool has_chroma = true;
  bool separate_colour_planes = false;
  int frame_num_bits = 0;
  std::uint32_t picture_order_type = 0;
  int picture_order_bits = 0;
  bool picture_order_delta_always_zero = false;
  bool frames_only = false;
};

// §7.3.2.1.1. Nothing when it is malformed.
std::optional<SequenceParameters> parse_sequence_parameters(ByteView sps);

}  // namespace tidewire::codecs
