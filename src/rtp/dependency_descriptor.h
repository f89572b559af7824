// The content of the dependency descriptor, a header extension that tells for each packet which frames its frame needs
// and which ones of a stream's layers need it ("RTP Payload Format For AV1", appendix A). It says so for every codec.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "tidewire/bytes.h"

namespace tidewire::rtp {

// A.8.2: what a frame is to a decode target, which is a selection of layers to decode.
enum class DecodeTargetIndication : std::uint8_t {
  kNotPresent = 0,   // no part of it
  kDiscardable = 1,  // a part that no other part needs
  kSwitch = 2,       // with it, all that follow can be decoded
  kRequired = 3,     // a part that others may need
};

// What is told of a frame.
struct FrameDependencies {
  static constexpr std::size_t kMaxDecodeTargets = 32;
  static constexpr std::size_t kMaxDistances = 8;  // of a frame's dependencies; codecs have at most seven references

  std::uint8_t spatial_layer = 0;                                       // 0–3
  std::uint8_t temporal_layer = 0;                                      // 0–7
  std::array<DecodeTargetIndication, kMaxDecodeTargets> indications{};  // as many as there are decode targets
  // Frames back, counting each layer's frame, to those that it depends on: 1–4096.
  std::array<std::uint16_t, kMaxDistances> distances{};
  std::uint8_t distance_count = 0;
  // Frames back to the last one in each chain; 0: there is none.
  std::array<std::uint8_t, kMaxDecodeTargets> chain_distances{};

  std::span<const std::uint16_t> dependencies() const { return std::span(distances).first(distance_count); }
  friend bool operator==(const FrameDependencies&, const FrameDependencies&) = default;
};

struct RenderResolution {
  int width = 0;
  int height = 0;
  friend bool operator==(const RenderResolution&, const RenderResolution&) = default;
};

// What the stream is like: sent with key frames, known from then on.
struct DependencyStructure {
  static constexpr std::size_t kMaxTemplates = 64;
  static constexpr int kMaxSpatialLayers = 4;
  static constexpr int kMaxTemporalLayers = 8;

  std::uint8_t template_id_offset = 0;
  std::uint8_t decode_target_count = 1;
  std::uint8_t chain_count = 0;
  // Decode targets are protected by chains: one whose chain is whole can be decoded.
  std::array<std::uint8_t, FrameDependencies::kMaxDecodeTargets> protecting_chain{};
  std::vector<FrameDependencies> templates;   // by spatial, then by temporal layer
  std::vector<RenderResolution> resolutions;  // one of each spatial layer, or none

  friend bool operator==(const DependencyStructure&, const DependencyStructure&) = default;
};

struct DependencyDescriptor {
  bool first_packet = false;  // of its frame
  bool last_packet = false;
  std::uint16_t frame_number = 0;
  FrameDependencies frame;
  std::optional<std::uint32_t> active_decode_targets;  // a bit for each one, the lowest for the first
  std::optional<DependencyStructure> structure;        // if it came with this packet

  friend bool operator==(const DependencyDescriptor&, const DependencyDescriptor&) = default;
};

// `known` is the structure that was sent before, or null. Nothing when the bytes are malformed, exceed the bounds, or
// need a structure other than the known one.
std::optional<DependencyDescriptor> parse_dependency_descriptor(ByteView bytes, const DependencyStructure* known);

// Writes it in as few bytes as `structure`, the latest one, allows, with zero bits at the end. How many; zero when
// there is no room, or the frame is in none of the structure's layers.
std::size_t write_dependency_descriptor(const DependencyDescriptor& descriptor, const DependencyStructure& structure,
                                        std::span<std::uint8_t> room);

// Reads the descriptors of one stream.
class DependencyReader {
 public:
  // Keeps the structure that comes with it, if it is well-formed as a whole.
  std::optional<DependencyDescriptor> read(ByteView bytes);
  const std::optional<DependencyStructure>& structure() const { return structure_; }

 private:
  std::optional<DependencyStructure> structure_;
};

}  // namespace tidewire::rtp
