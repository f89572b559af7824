// The dependency descriptors of a stream that is sent, from what its encoder tells about layers.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "rtp/dependency_descriptor.h"
#include "tidewire/encoded_frame.h"

namespace tidewire::rtp {

// Decode targets are all layers up to a spatial and a temporal one, in ascending order. Each spatial layer has a chain
// of its own: the frames of the lowest temporal layer that it needs.
class DependencyWriter {
 public:
  // Of an element: with the structure of nine layers.
  static constexpr std::size_t kMaxSize = 128;

  // Numbers the frames of a picture, and is to be called for every one, in coding order, whether it is sent or not:
  // what is not sent leaves a gap for receivers to see. False when it has no elements, for its encoder told nothing.
  bool begin(const EncodedFrame& picture);

  // The element for a packet of that picture: which spatial layer's frame it belongs to, and whether it is the first
  // and the last one of that frame. Good until the next call. Empty when there is none.
  ByteView element(std::size_t spatial_layer, bool first_packet, bool last_packet);

  const std::optional<DependencyStructure>& structure() const { return structure_; }

 private:
  // The last frame of each chain, in frames back from the next.
  class Chains {
   public:
    FrameDependencies add(ScalabilityMode mode, int temporal, int spatial, bool key_frame,
                          std::span<const std::uint16_t> distances);

   private:
    std::array<int, ScalabilityMode::kMaxSpatialLayers> back_{};  // 0: none
  };

  static DependencyStructure make_structure(ScalabilityMode mode, const PictureLayers& layers);
  void use(DependencyStructure structure);

  std::optional<DependencyStructure> structure_;
  Chains chains_;
  std::array<FrameDependencies, ScalabilityMode::kMaxSpatialLayers> frames_{};
  std::size_t frame_count_ = 0;
  std::uint16_t next_number_ = 0;
  std::uint16_t first_number_ = 0;  // of the picture's lowest layer
  bool key_frame_ = false;
  std::array<std::uint8_t, kMaxSize> bytes_{};
};

}  // namespace tidewire::rtp
