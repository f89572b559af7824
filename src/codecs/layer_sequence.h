// The layers of an encoder's pictures, one after the other: what each is predicted from, where a library that is told
// its references keeps it, and what share of the bitrate each layer has.
#pragma once

#include <array>
#include <cstddef>

#include "base/layer_pattern.h"
#include "codecs/picture.h"
#include "tidewire/encoded_frame.h"

namespace tidewire::codecs {

class LayerSequence {
 public:
  explicit LayerSequence(ScalabilityMode mode) : mode_(mode) {}

  ScalabilityMode mode() const { return mode_; }
  int spatial_layers() const { return mode_.spatial_layers; }
  int temporal_layers() const { return mode_.temporal_layers; }
  // Of the picture to be encoded next.
  int temporal_layer() const { return pattern_picture(mode_, position_).temporal_layer; }

  // The next picture is a key frame.
  void restart() { position_ = 0; }
  // The picture came out. One that was skipped leaves its place to the next.
  void advance() { position_ = (position_ + 1) % pattern_length(mode_); }

  // What the picture tells, as soon as it is known whether it is a key frame; without sizes in bytes.
  PictureLayers describe(bool key_frame, Size size) const;

  // For codecs with eight places for pictures to refer to (VP9 and AV1), a spatial layer of the picture …
  bool from_lower_layer(int spatial, bool key_frame) const { return spatial > 0 && (key_frame || !mode_.key); }
  // … is predicted from what lies here (unless it is a key frame), …
  int reference_slot(int spatial) const { return slot(temporal_layer_of(position_ - distance()), spatial); }
  // … and is kept here, …
  int slot(int spatial) const { return slot(temporal_layer(), spatial); }
  // … if anything is predicted from it.
  bool is_kept(int spatial) const;

 private:
  int distance() const { return pattern_picture(mode_, position_).distance; }
  int temporal_layer_of(int position) const {
    return pattern_picture(mode_, position + pattern_length(mode_)).temporal_layer;
  }
  // The highest of several temporal layers is kept for the spatial layer above alone, of which the third has none.
  int slot(int temporal, int spatial) const {
    const bool highest = temporal > 0 && temporal + 1 == mode_.temporal_layers;
    return (highest ? 6 : 3 * temporal) + spatial;
  }

  ScalabilityMode mode_;
  int position_ = 0;
};

// Pixels of a spatial layer.
Size layer_size(ScalabilityMode mode, int spatial, Size full);
// Whether the lowest spatial layer is large enough.
bool fits_layers(ScalabilityMode mode, Size full);
// The share of `bitrate` that goes to a spatial layer, of it to the temporal layers up to one.
int layer_bitrate(ScalabilityMode mode, int spatial, int temporal, int bitrate);
// Pictures of the highest frame rate for each one of the temporal layers up to one.
constexpr int rate_divisor(ScalabilityMode mode, int temporal) { return 1 << (mode.temporal_layers - 1 - temporal); }

}  // namespace tidewire::codecs
