#include "codecs/av1_obu.h"

namespace tidewire::codecs {

namespace {

// §4.10.5: leb128(), seven bits in each byte, the lowest first. Takes it off `bytes`.
std::optional<std::size_t> take_leb128(ByteView& bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8 && i < bytes.size(); ++i) {
    value |= std::uint64_t{bytes[i] & 0x7fU} << 7 * i;
    if ((bytes[i] & 0x80) != 0) continue;
    bytes = bytes.subspan(i + 1);
    if (value > UINT32_MAX) return std::nullopt;
    return static_cast<std::size_t>(value);
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::vector<Obu>> split_obus(ByteView temporal_unit) {
  std::vector<Obu> obus;
  while (!temporal_unit.empty()) {
    const std::uint8_t header = temporal_unit[0];
    const bool forbidden = (header & 0x80) != 0;
    const bool has_extension = (header & 0x04) != 0;
    const bool has_size = (header & 0x02) != 0;
    const std::size_t header_size = has_extension ? 2 : 1;
    if (forbidden || !has_size || temporal_unit.size() < header_size) return std::nullopt;
    ByteView rest = temporal_unit.subspan(header_size);
    const auto size = take_leb128(rest);
    if (!size || *size > rest.size()) return std::nullopt;
    rest = rest.subspan(*size);
    obus.push_back({static_cast<ObuType>(header >> 3 & 0x0f), temporal_unit.first(temporal_unit.size() - rest.size())});
    temporal_unit = rest;
  }
  return obus;
}

}  // namespace tidewire::codecs
