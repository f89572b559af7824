// Writes dependency descriptors. Functions are named after the parts of the syntax in appendix A.8.1.
#include <algorithm>
#include <tuple>

#include "rtp/dependency_descriptor.h"
#include "rtp/dependency_descriptor_bits.h"

namespace tidewire::rtp {

namespace {

using Bits = DependencyBitWriter;

void write_template_layers(Bits& out, const DependencyStructure& structure) {
  for (std::size_t i = 1; i < structure.templates.size(); ++i) {
    const FrameDependencies& before = structure.templates[i - 1];
    const FrameDependencies& here = structure.templates[i];
    out.bits(2, here.spatial_layer > before.spatial_layer ? 2 : here.temporal_layer > before.temporal_layer ? 1 : 0);
  }
  out.bits(2, 3);
}

void write_indications(Bits& out, std::size_t count, const FrameDependencies& frame) {
  for (std::size_t i = 0; i < count; ++i) out.bits(2, static_cast<std::uint32_t>(frame.indications[i]));
}

void write_template_chains(Bits& out, const DependencyStructure& structure) {
  out.non_symmetric(structure.decode_target_count + 1U, structure.chain_count);
  if (structure.chain_count == 0) return;
  for (std::size_t i = 0; i < structure.decode_target_count; ++i) {
    out.non_symmetric(structure.chain_count, structure.protecting_chain[i]);
  }
  for (const FrameDependencies& frame : structure.templates) {
    for (std::size_t i = 0; i < structure.chain_count; ++i) out.bits(4, frame.chain_distances[i]);
  }
}

void write_structure(Bits& out, const DependencyStructure& structure) {
  out.bits(6, structure.template_id_offset);
  out.bits(5, structure.decode_target_count - 1U);
  write_template_layers(out, structure);
  for (const FrameDependencies& frame : structure.templates) {
    write_indications(out, structure.decode_target_count, frame);
  }
  for (const FrameDependencies& frame : structure.templates) {
    for (const std::uint16_t distance : frame.dependencies()) {
      out.flag(true);
      out.bits(4, distance - 1U);
    }
    out.flag(false);
  }
  write_template_chains(out, structure);
  out.flag(!structure.resolutions.empty());
  for (const RenderResolution& resolution : structure.resolutions) {
    out.bits(16, static_cast<std::uint32_t>(resolution.width - 1));
    out.bits(16, static_cast<std::uint32_t>(resolution.height - 1));
  }
}

void write_frame_distances(Bits& out, const FrameDependencies& frame) {
  for (const std::uint16_t distance : frame.dependencies()) {
    const std::uint32_t minus_one = distance - 1U;
    const int size = minus_one < 16 ? 1 : minus_one < 256 ? 2 : 3;
    out.bits(2, static_cast<std::uint32_t>(size));
    out.bits(4 * size, minus_one);
  }
  out.bits(2, 0);
}

// What a frame has in common with a template of its layers.
struct Match {
  std::size_t index = 0;
  bool indications = false;
  bool distances = false;
  bool chains = false;

  bool all() const { return indications && distances && chains; }
  int count() const { return int{indications} + int{distances} + int{chains}; }
};

std::optional<Match> best_match(const FrameDependencies& frame, const DependencyStructure& structure) {
  std::optional<Match> best;
  for (std::size_t i = 0; i < structure.templates.size(); ++i) {
    const FrameDependencies& candidate = structure.templates[i];
    if (std::tie(candidate.spatial_layer, candidate.temporal_layer) !=
        std::tie(frame.spatial_layer, frame.temporal_layer)) {
      continue;
    }
    const Match match{i, candidate.indications == frame.indications,
                      std::ranges::equal(candidate.dependencies(), frame.dependencies()),
                      candidate.chain_distances == frame.chain_distances};
    if (!best || match.count() > best->count()) best = match;
  }
  return best;
}

}  // namespace

std::size_t write_dependency_descriptor(const DependencyDescriptor& descriptor, const DependencyStructure& structure,
                                        std::span<std::uint8_t> room) {
  const auto match = best_match(descriptor.frame, structure);
  if (!match) return 0;
  Bits out(room);
  out.flag(descriptor.first_packet);
  out.flag(descriptor.last_packet);
  out.bits(6, (structure.template_id_offset + static_cast<std::uint32_t>(match->index)) % 64);
  out.bits(16, descriptor.frame_number);
  if (descriptor.structure || descriptor.active_decode_targets || !match->all()) {
    out.flag(descriptor.structure.has_value());
    out.flag(descriptor.active_decode_targets.has_value());
    out.flag(!match->indications);
    out.flag(!match->distances);
    out.flag(!match->chains);
    if (descriptor.structure) write_structure(out, *descriptor.structure);
    if (descriptor.active_decode_targets) out.bits(structure.decode_target_count, *descriptor.active_decode_targets);
    if (!match->indications) write_indications(out, structure.decode_target_count, descriptor.frame);
    if (!match->distances) write_frame_distances(out, descriptor.frame);
    for (std::size_t i = 0; !match->chains && i < structure.chain_count; ++i) {
      out.bits(8, descriptor.frame.chain_distances[i]);
    }
  }
  return out.ok() ? out.size() : 0;
}

}  // namespace tidewire::rtp
