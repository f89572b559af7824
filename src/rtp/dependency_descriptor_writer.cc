#include "rtp/dependency_descriptor_writer.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/layer_pattern.h"

namespace tidewire::rtp {

namespace {

// What a frame is to the layers up to (spatial, temporal).
DecodeTargetIndication indication(ScalabilityMode mode, const FrameDependencies& frame, bool key_frame, int spatial,
                                  int temporal) {
  using enum DecodeTargetIndication;
  if (spatial < frame.spatial_layer || temporal < frame.temporal_layer) return kNotPresent;
  if (key_frame) return kSwitch;
  if (spatial > frame.spatial_layer) return mode.key ? kNotPresent : kRequired;
  return temporal == frame.temporal_layer && temporal > 0 ? kDiscardable : kSwitch;
}

}  // namespace

FrameDependencies DependencyWriter::Chains::add(ScalabilityMode mode, int temporal, int spatial, bool key_frame,
                                                std::span<const std::uint16_t> distances) {
  if (key_frame && spatial == 0) back_ = {};
  FrameDependencies frame;
  frame.spatial_layer = static_cast<std::uint8_t>(spatial);
  frame.temporal_layer = static_cast<std::uint8_t>(temporal);
  frame.distance_count = static_cast<std::uint8_t>(std::min(distances.size(), FrameDependencies::kMaxDistances));
  std::copy_n(distances.begin(), frame.distance_count, frame.distances.begin());
  std::size_t target = 0;
  for (int s = 0; s < mode.spatial_layers; ++s) {
    for (int t = 0; t < mode.temporal_layers; ++t) {
      frame.indications[target++] = indication(mode, frame, key_frame, s, t);
    }
  }
  for (int chain = 0; chain < mode.spatial_layers; ++chain) {
    int& back = back_[static_cast<std::size_t>(chain)];
    frame.chain_distances[static_cast<std::size_t>(chain)] = static_cast<std::uint8_t>(std::min(back, 255));
    const bool member = temporal == 0 && (spatial == chain || (spatial < chain && (key_frame || !mode.key)));
    back = member ? 1 : back == 0 ? 0 : back + 1;
  }
  return frame;
}

// Every kind of frame that the pattern has: those of a key frame, of the pattern that follows it and of the next.
DependencyStructure DependencyWriter::make_structure(ScalabilityMode mode, const PictureLayers& layers) {
  DependencyStructure structure;
  structure.decode_target_count = static_cast<std::uint8_t>(mode.spatial_layers * mode.temporal_layers);
  structure.chain_count = mode.spatial_layers;
  for (std::size_t i = 0; i < structure.decode_target_count; ++i) {
    structure.protecting_chain[i] = static_cast<std::uint8_t>(i / mode.temporal_layers);
  }
  Chains chains;
  for (int position = 0; position < 3 * pattern_length(mode); ++position) {
    for (int spatial = 0; spatial < mode.spatial_layers; ++spatial) {
      const PatternDistances back = pattern_distances(mode, position, spatial, position == 0);
      const FrameDependencies frame = chains.add(mode, pattern_picture(mode, position).temporal_layer, spatial,
                                                 position == 0, std::span(back.distances).first(back.count));
      if (std::ranges::find(structure.templates, frame) == structure.templates.end()) {
        structure.templates.push_back(frame);
      }
    }
  }
  std::ranges::stable_sort(structure.templates, {},
                           [](const auto& f) { return std::tuple(f.spatial_layer, f.temporal_layer); });
  const auto known = [](const LayerFrame& layer) { return layer.width > 0 && layer.height > 0; };
  if (std::ranges::all_of(layers.spatial(), known)) {
    for (const LayerFrame& layer : layers.spatial()) structure.resolutions.push_back({layer.width, layer.height});
  }
  return structure;
}

// A.5: another structure has other template ids, so that no packet is taken for what it is not.
void DependencyWriter::use(DependencyStructure structure) {
  if (structure_) {
    structure.template_id_offset = structure_->template_id_offset;
    if (structure == *structure_) return;
    structure.template_id_offset =
        static_cast<std::uint8_t>((structure_->template_id_offset + structure_->templates.size()) % 64);
  }
  structure_ = std::move(structure);
}

bool DependencyWriter::begin(const EncodedFrame& picture) {
  const PictureLayers& layers = picture.layers;
  first_number_ = next_number_;
  frame_count_ = 0;
  key_frame_ = picture.key_frame;
  if (layers.count != layers.mode.spatial_layers || !layers.mode.valid() || (!structure_ && !key_frame_)) {
    ++next_number_;
    return false;
  }
  if (key_frame_) use(make_structure(layers.mode, layers));
  next_number_ = static_cast<std::uint16_t>(next_number_ + layers.count);
  for (const LayerFrame& layer : layers.spatial()) {
    frames_[frame_count_] = chains_.add(layers.mode, layers.temporal_layer, static_cast<int>(frame_count_), key_frame_,
                                        layer.dependencies());
    ++frame_count_;
  }
  return true;
}

ByteView DependencyWriter::element(std::size_t spatial_layer, bool first_packet, bool last_packet) {
  if (spatial_layer >= frame_count_) return {};
  DependencyDescriptor descriptor{.first_packet = first_packet, .last_packet = last_packet};
  descriptor.frame_number = static_cast<std::uint16_t>(first_number_ + spatial_layer);
  descriptor.frame = frames_[spatial_layer];
  if (key_frame_ && spatial_layer == 0 && first_packet) descriptor.structure = structure_;
  return ByteView(bytes_).first(write_dependency_descriptor(descriptor, *structure_, bytes_));
}

}  // namespace tidewire::rtp
