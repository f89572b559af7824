// The index at the end of a superframe, which tells a decoder of VP9 where one frame ends and the next begins (VP9
// bitstream specification, Annex B).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "tidewire/bytes.h"

namespace tidewire {

// At most eight frames, each below 4 GiB.
inline void append_vp9_index(Bytes& superframe, std::span<const std::size_t> sizes) {
  constexpr std::size_t kFourByteSizes = 0xd8;
  const auto marker = static_cast<std::uint8_t>(kFourByteSizes | (sizes.size() - 1));
  superframe.push_back(marker);
  for (const std::size_t size : sizes) {
    for (int byte = 0; byte < 4; ++byte) superframe.push_back(static_cast<std::uint8_t>(size >> 8 * byte));
  }
  superframe.push_back(marker);
}

}  // namespace tidewire
