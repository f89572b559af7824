// The first byte of VP9's payload descriptor (RFC 9628 §4.2).
#pragma once

#include <cstdint>

namespace tidewire::media::vp9 {

inline constexpr std::uint8_t kPictureId = 0x80;
inline constexpr std::uint8_t kInterPredicted = 0x40;
inline constexpr std::uint8_t kLayers = 0x20;
inline constexpr std::uint8_t kFlexible = 0x10;
inline constexpr std::uint8_t kBegins = 0x08;
inline constexpr std::uint8_t kEnds = 0x04;
inline constexpr std::uint8_t kStructure = 0x02;
inline constexpr std::uint8_t kNotForInterLayer = 0x01;

}  // namespace tidewire::media::vp9
