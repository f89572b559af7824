#include "codecs/layer_sequence.h"

#include <algorithm>

namespace tidewire::codecs {

namespace {

constexpr int kMinLayerSide = 16;
// A spatial layer has as much of the bitrate as its pixels need: a quarter of the pixels takes about half.
constexpr double kSpatialShare = 0.55;
// Of temporal layers: the lower ones are what others build on.
constexpr std::array<std::array<double, 3>, 3> kTemporalShares{{{1, 1, 1}, {0.6, 1, 1}, {0.4, 0.6, 1}}};

}  // namespace

PictureLayers LayerSequence::describe(bool key_frame, Size size) const {
  PictureLayers picture{.mode = mode_, .count = mode_.spatial_layers};
  picture.temporal_layer = static_cast<std::uint8_t>(temporal_layer());
  picture.sync = temporal_layer() > 0 && temporal_layer_of(position_ - distance()) == 0;
  for (int spatial = 0; spatial < spatial_layers(); ++spatial) {
    LayerFrame& frame = picture.frames[static_cast<std::size_t>(spatial)];
    const Size pixels = layer_size(mode_, spatial, size);
    frame.width = pixels.width;
    frame.height = pixels.height;
    const PatternDistances back = pattern_distances(mode_, position_, spatial, key_frame);
    std::copy_n(back.distances.begin(), back.count, frame.distances.begin());
    frame.distance_count = back.count;
  }
  return picture;
}

bool LayerSequence::is_kept(int spatial) const {
  const bool highest = temporal_layers() > 1 && temporal_layer() + 1 == temporal_layers();
  return !highest || (!mode_.key && spatial + 1 < spatial_layers());
}

Size layer_size(ScalabilityMode mode, int spatial, Size full) {
  const int shift = mode.spatial_layers - 1 - spatial;
  if (shift == 0) return full;
  // Lower layers are even: what libvpx and libaom make of them.
  const auto scaled = [&](int side) { return ((side >> shift) + 1) & ~1; };
  return {scaled(full.width), scaled(full.height)};
}

bool fits_layers(ScalabilityMode mode, Size full) {
  if (mode.spatial_layers == 1) return true;
  return std::min(full.width, full.height) >= kMinLayerSide << (mode.spatial_layers - 1);
}

int layer_bitrate(ScalabilityMode mode, int spatial, int temporal, int bitrate) {
  double all = 0;
  double share = 1;
  double own = 1;
  for (int layer = mode.spatial_layers - 1; layer >= 0; --layer, share *= kSpatialShare) {
    all += share;
    if (layer == spatial) own = share;
  }
  const double temporal_share =
      kTemporalShares[static_cast<std::size_t>(mode.temporal_layers - 1)][static_cast<std::size_t>(temporal)];
  return static_cast<int>(bitrate * own / all * temporal_share);
}

}  // namespace tidewire::codecs
