// The pattern in which pictures of a layered stream are predicted from one another, the same for every codec:
//
//   T1:  0 → 0 → 0 …            each picture from the one before
//   T2:  0   1   0   1 …        layer 1 from the 0 before it, layer 0 from the 0 before it
//   T3:  0   2   1   2   0 …    the second 2 from the 1 before it, all others from the 0 before them
//
// Each spatial layer does this on its own; besides, it is predicted from the layer below it in the same picture: in all
// pictures, or in key frames only (the _KEY modes). So every picture is a point to switch up at: nothing after it in a
// higher temporal layer needs anything of a higher layer before it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "tidewire/scalability_mode.h"

namespace tidewire {

// Pictures until the pattern repeats. A key frame begins it anew.
constexpr int pattern_length(ScalabilityMode mode) { return 1 << (mode.temporal_layers - 1); }

struct PatternPicture {
  int temporal_layer = 0;
  int distance = 1;  // pictures back to the one that this is predicted from, unless it is a key frame
};

constexpr PatternPicture pattern_picture(ScalabilityMode mode, int position) {
  const int length = pattern_length(mode);
  position %= length;
  PatternPicture picture{0, length};
  if (position == 0) return picture;
  picture = {mode.temporal_layers - 1, 1};
  for (; position % 2 == 0; position /= 2) picture = {picture.temporal_layer - 1, picture.distance * 2};
  return picture;
}

// What a spatial layer's frame in that picture is predicted from, in frames back from it, as LayerFrame counts them.
struct PatternDistances {
  std::array<std::uint16_t, 2> distances{};
  std::size_t count = 0;
};

constexpr PatternDistances pattern_distances(ScalabilityMode mode, int position, int spatial_layer, bool key_frame) {
  PatternDistances frame;
  if (spatial_layer > 0 && (key_frame || !mode.key)) frame.distances[frame.count++] = 1;
  if (key_frame) return frame;
  const int distance = pattern_picture(mode, position).distance * mode.spatial_layers;
  frame.distances[frame.count++] = static_cast<std::uint16_t>(distance);
  return frame;
}

}  // namespace tidewire
