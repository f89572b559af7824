#include "codecs/vp9_superframe.h"

namespace tidewire::codecs {

namespace {

// Annex B: where the index at the end of a superframe begins; nothing when there is none.
std::optional<std::size_t> find_index(ByteView bytes) {
  if (bytes.empty() || (bytes.back() & 0xe0) != 0xc0) return std::nullopt;
  const std::size_t count = (bytes.back() & 7U) + 1;
  const std::size_t width = (bytes.back() >> 3 & 3U) + 1;
  const std::size_t size = 2 + count * width;
  if (bytes.size() < size || bytes[bytes.size() - size] != bytes.back()) return std::nullopt;
  return bytes.size() - size;
}

}  // namespace

bool has_vp9_index(ByteView bytes) { return find_index(bytes).has_value(); }

std::optional<std::vector<ByteView>> split_vp9_superframe(ByteView bytes) {
  const auto at = find_index(bytes);
  if (!at) return std::vector{bytes};
  const std::size_t width = (bytes.back() >> 3 & 3U) + 1;
  ByteView index = bytes.subspan(*at + 1);
  ByteView rest = bytes.first(*at);
  std::vector<ByteView> frames;
  for (; index.size() > width; index = index.subspan(width)) {
    std::size_t size = 0;
    for (std::size_t byte = 0; byte < width; ++byte) size |= std::size_t{index[byte]} << 8 * byte;
    if (size > rest.size()) return std::nullopt;
    if (size > 0) frames.push_back(rest.first(size));
    rest = rest.subspan(size);
  }
  return frames;
}

}  // namespace tidewire::codecs
