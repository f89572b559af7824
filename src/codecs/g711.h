// ITU-T G.711: the two logarithmic ways to write a sample in eight bits.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

namespace tidewire::codecs {

// µ-law. A sample has 14 bits there; ours have 16, so thresholds are four times those of table 2a. What is added makes
// every segment begin with a power of two.
constexpr int kMuLawBias = 33 * 4;

constexpr std::uint8_t to_mu_law(std::int16_t sample) {
  const bool negative = sample < 0;
  const int magnitude = std::min(negative ? -int{sample} : int{sample}, 32'635) + kMuLawBias;
  const int segment = static_cast<int>(std::bit_width(static_cast<unsigned>(magnitude))) - 8;
  const int step = magnitude >> (segment + 3) & 0x0f;
  // All bits are inverted on the line.
  return static_cast<std::uint8_t>(~((negative ? 0x80 : 0) | segment << 4 | step));
}

constexpr std::int16_t from_mu_law(std::uint8_t code) {
  const int bits = ~code & 0xff;
  const int magnitude = (((bits & 0x0f) << 3) + kMuLawBias) << (bits >> 4 & 7);
  return static_cast<std::int16_t>((bits & 0x80) != 0 ? kMuLawBias - magnitude : magnitude - kMuLawBias);
}

// A-law. A sample has 13 bits there. Every other bit is inverted on the line; the sign bit says "positive".
constexpr std::uint8_t to_a_law(std::int16_t sample) {
  const bool negative = sample < 0;
  const int magnitude = (negative ? -(int{sample} + 1) : int{sample}) >> 3;
  const int segment = std::max(0, static_cast<int>(std::bit_width(static_cast<unsigned>(magnitude))) - 5);
  const int step = magnitude >> std::max(segment, 1) & 0x0f;
  return static_cast<std::uint8_t>(((negative ? 0 : 0x80) | segment << 4 | step) ^ 0x55);
}

constexpr std::int16_t from_a_law(std::uint8_t code) {
  const int bits = code ^ 0x55;
  const int segment = bits >> 4 & 7;
  const int step = (bits & 0x0f) << 4;
  const int magnitude = segment == 0 ? step + 8 : (step + 0x108) << (segment - 1);
  return static_cast<std::int16_t>((bits & 0x80) != 0 ? magnitude : -magnitude);
}

}  // namespace tidewire::codecs
