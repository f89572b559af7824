#include "rtp/dependency_descriptor.h"

#include <algorithm>
#include <utility>

#include "rtp/dependency_descriptor_bits.h"

namespace tidewire::rtp {

namespace {

constexpr std::size_t kMandatorySize = 3;  // A.8.1: what is longer has extended fields

using Bits = DependencyBitReader;

// A.8.1: next_layer_idc
enum class NextLayer : std::uint32_t { kSame = 0, kTemporal = 1, kSpatial = 2, kNone = 3 };

// A.8.1: template_layers(). False beyond the bounds.
bool read_template_layers(Bits& in, DependencyStructure& structure) {
  FrameDependencies layers;
  while (structure.templates.size() < DependencyStructure::kMaxTemplates) {
    structure.templates.push_back(layers);
    switch (static_cast<NextLayer>(in.bits(2))) {
      case NextLayer::kSame: break;
      case NextLayer::kTemporal:
        if (++layers.temporal_layer == DependencyStructure::kMaxTemporalLayers) return false;
        break;
      case NextLayer::kSpatial:
        layers.temporal_layer = 0;
        if (++layers.spatial_layer == DependencyStructure::kMaxSpatialLayers) return false;
        break;
      case NextLayer::kNone: return in.ok();
    }
  }
  return false;
}

void read_indications(Bits& in, std::size_t count, FrameDependencies& frame) {
  for (std::size_t i = 0; i < count; ++i) frame.indications[i] = static_cast<DecodeTargetIndication>(in.bits(2));
}

bool add_distance(FrameDependencies& frame, std::uint32_t minus_one) {
  if (frame.distance_count == FrameDependencies::kMaxDistances) return false;
  frame.distances[frame.distance_count++] = static_cast<std::uint16_t>(minus_one + 1);
  return true;
}

// A.8.1: template_fdiffs(), of one template.
bool read_template_distances(Bits& in, FrameDependencies& frame) {
  while (in.flag()) {
    if (!add_distance(frame, in.bits(4))) return false;
  }
  return true;
}

// A.8.1: template_chains(). False for a decode target that is protected by no chain there is.
bool read_template_chains(Bits& in, DependencyStructure& structure) {
  structure.chain_count = static_cast<std::uint8_t>(in.non_symmetric(structure.decode_target_count + 1U));
  if (structure.chain_count == 0) return true;
  for (std::size_t i = 0; i < structure.decode_target_count; ++i) {
    structure.protecting_chain[i] = static_cast<std::uint8_t>(in.non_symmetric(structure.chain_count));
  }
  for (FrameDependencies& frame : structure.templates) {
    for (std::size_t i = 0; i < structure.chain_count; ++i) {
      frame.chain_distances[i] = static_cast<std::uint8_t>(in.bits(4));
    }
  }
  return structure.chain_count <= structure.decode_target_count;
}

void read_resolutions(Bits& in, DependencyStructure& structure) {
  const int layers = structure.templates.back().spatial_layer + 1;
  for (int i = 0; i < layers; ++i) {
    const int width = static_cast<int>(in.bits(16)) + 1;
    structure.resolutions.push_back({width, static_cast<int>(in.bits(16)) + 1});
  }
}

// A.8.1: template_dependency_structure()
std::optional<DependencyStructure> read_structure(Bits& in) {
  DependencyStructure structure;
  structure.template_id_offset = static_cast<std::uint8_t>(in.bits(6));
  structure.decode_target_count = static_cast<std::uint8_t>(in.bits(5) + 1);
  if (!read_template_layers(in, structure)) return std::nullopt;
  for (FrameDependencies& frame : structure.templates) read_indications(in, structure.decode_target_count, frame);
  for (FrameDependencies& frame : structure.templates) {
    if (!read_template_distances(in, frame)) return std::nullopt;
  }
  if (!read_template_chains(in, structure)) return std::nullopt;
  if (in.flag()) read_resolutions(in, structure);
  return in.ok() ? std::optional(std::move(structure)) : std::nullopt;
}

// A.8.1: frame_fdiffs()
bool read_frame_distances(Bits& in, FrameDependencies& frame) {
  frame.distances = {};
  frame.distance_count = 0;
  while (const int size = static_cast<int>(in.bits(2))) {
    if (!add_distance(frame, in.bits(4 * size))) return false;
  }
  return true;
}

struct CustomFields {
  bool indications = false;
  bool distances = false;
  bool chains = false;
};

// A.8.1: frame_dependency_definition()
bool read_frame(Bits& in, std::uint32_t template_id, CustomFields custom, const DependencyStructure& structure,
                FrameDependencies& frame) {
  const std::size_t index = (template_id + 64 - structure.template_id_offset) % 64;
  if (index >= structure.templates.size()) return false;
  frame = structure.templates[index];
  if (custom.indications) read_indications(in, structure.decode_target_count, frame);
  if (custom.distances && !read_frame_distances(in, frame)) return false;
  for (std::size_t i = 0; custom.chains && i < structure.chain_count; ++i) {
    frame.chain_distances[i] = static_cast<std::uint8_t>(in.bits(8));
  }
  return in.ok();
}

}  // namespace

std::optional<DependencyDescriptor> parse_dependency_descriptor(ByteView bytes, const DependencyStructure* known) {
  Bits in(bytes);
  DependencyDescriptor descriptor;
  descriptor.first_packet = in.flag();
  descriptor.last_packet = in.flag();
  const std::uint32_t template_id = in.bits(6);
  descriptor.frame_number = static_cast<std::uint16_t>(in.bits(16));
  CustomFields custom;
  bool active_told = false;
  if (bytes.size() > kMandatorySize) {
    const bool structure_told = in.flag();
    active_told = in.flag();
    custom = {in.flag(), in.flag(), in.flag()};
    if (structure_told && !(descriptor.structure = read_structure(in))) return std::nullopt;
  }
  if (descriptor.structure) known = &*descriptor.structure;
  if (!known || !in.ok()) return std::nullopt;
  if (active_told) descriptor.active_decode_targets = in.bits(known->decode_target_count);
  if (!read_frame(in, template_id, custom, *known, descriptor.frame)) return std::nullopt;
  return descriptor;
}

std::optional<DependencyDescriptor> DependencyReader::read(ByteView bytes) {
  auto descriptor = parse_dependency_descriptor(bytes, structure_ ? &*structure_ : nullptr);
  if (descriptor && descriptor->structure) structure_ = descriptor->structure;
  return descriptor;
}

}  // namespace tidewire::rtp
