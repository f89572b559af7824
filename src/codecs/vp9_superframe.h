// Several frames of VP9 that a decoder takes as one, with an index at their end (VP9 bitstream specification, Annex B).
#pragma once

#include <optional>
#include <vector>

#include "tidewire/bytes.h"

namespace tidewire::codecs {

bool has_vp9_index(ByteView bytes);

// Its frames; bytes without index are the only one. Nothing when the index tells of more than there is.
std::optional<std::vector<ByteView>> split_vp9_superframe(ByteView bytes);

}  // namespace tidewire::codecs
