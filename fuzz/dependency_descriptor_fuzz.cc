// Dependency descriptors of one stream, each after its length in a byte. What was understood can be written, and says
// the same again.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>

#include "base/byte_reader.h"
#include "rtp/dependency_descriptor.h"

namespace {

using namespace tidewire;
using namespace tidewire::rtp;

void check(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  DependencyReader reader;
  ByteReader in({data, size});
  while (!in.empty()) {
    const std::size_t length = in.u8();
    const auto descriptor = reader.read(in.take(std::min(length, in.remaining())));
    if (!descriptor) continue;
    const DependencyStructure& structure = *reader.structure();
    check(structure.templates.size() <= DependencyStructure::kMaxTemplates);
    check(structure.chain_count <= structure.decode_target_count);
    check(descriptor->frame.spatial_layer < DependencyStructure::kMaxSpatialLayers);
    check(descriptor->frame.temporal_layer < DependencyStructure::kMaxTemporalLayers);
    std::array<std::uint8_t, 4096> room{};
    const std::size_t written = write_dependency_descriptor(*descriptor, structure, room);
    check(written >= 3);
    check(parse_dependency_descriptor(ByteView(room).first(written), &structure) == descriptor);
  }
  return 0;
}
