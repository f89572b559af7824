// Whether a picture may refer to others of another size.
#pragma once

#include <algorithm>
#include <utility>

#include "codecs/layer_sequence.h"
#include "codecs/picture.h"

namespace tidewire::codecs {

// The sizes of the pictures since a key frame, any of which a picture may refer to. A picture may be half as large as
// what it refers to at least, and 16 times as large at most (VP9 bitstream specification §7.2, AV1 §7.9.2), in each of
// its spatial layers. The libraries have room for pictures of the size that they were opened with.
class ReferenceSizes {
 public:
  ReferenceSizes() = default;
  ReferenceSizes(ScalabilityMode mode, Size opened) : mode_(mode), room_(opened) { restart(opened); }

  void restart(Size size) { largest_ = smallest_ = last_ = size; }
  // Whether it is another size than the one before.
  bool add(Size size) {
    largest_ = {std::max(largest_.width, size.width), std::max(largest_.height, size.height)};
    smallest_ = {std::min(smallest_.width, size.width), std::min(smallest_.height, size.height)};
    return std::exchange(last_, size) != size;
  }
  bool allow(Size size) const {
    bool fits = size.width <= room_.width && size.height <= room_.height;
    for (int spatial = 0; spatial < mode_.spatial_layers; ++spatial) {
      const Size layer = layer_size(mode_, spatial, size);
      const Size largest = layer_size(mode_, spatial, largest_);
      const Size smallest = layer_size(mode_, spatial, smallest_);
      fits = fits && largest.width <= 2 * layer.width && largest.height <= 2 * layer.height &&
             layer.width <= 16 * smallest.width && layer.height <= 16 * smallest.height;
    }
    return fits;
  }

 private:
  ScalabilityMode mode_;
  Size room_;
  Size largest_;
  Size smallest_;
  Size last_;
};

}  // namespace tidewire::codecs
