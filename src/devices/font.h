// The letters of the test picture: 5x7 dots, capitals, digits and the signs that clocks and names need.
#pragma once

#include <array>
#include <cstdint>

namespace tidewire::devices {

// Seven rows from the top; in each, bit 4 is the leftmost dot.
using Glyph = std::array<std::uint8_t, 7>;
inline constexpr int kGlyphWidth = 5;
inline constexpr int kGlyphHeight = 7;

// Small letters look like capitals; what there is no picture for is blank.
const Glyph& glyph(char c);

}  // namespace tidewire::devices
