// How a video stream is layered, in the words of W3C's "Scalable Video Coding Extension for WebRTC".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tidewire {

// L<spatial layers>T<temporal layers>, e.g. "L1T3" or "L3T3_KEY". Each spatial layer has twice the width and height of
// the one below it. A temporal layer doubles the frame rate of those below it.
struct ScalabilityMode {
  static constexpr int kMaxSpatialLayers = 3;
  static constexpr int kMaxTemporalLayers = 3;

  std::uint8_t spatial_layers = 1;
  std::uint8_t temporal_layers = 1;
  // Spatial layers are predicted from those below them in key frames only; else in every picture.
  bool key = false;

  constexpr bool layered() const { return spatial_layers > 1 || temporal_layers > 1; }
  constexpr bool valid() const {
    return spatial_layers >= 1 && spatial_layers <= kMaxSpatialLayers && temporal_layers >= 1 &&
           temporal_layers <= kMaxTemporalLayers && (!key || spatial_layers > 1);
  }

  // Nothing for a mode that the library does not know.
  static constexpr std::optional<ScalabilityMode> parse(std::string_view name) {
    ScalabilityMode mode;
    constexpr std::string_view kKeySuffix = "_KEY";
    if (name.ends_with(kKeySuffix)) {
      mode.key = true;
      name.remove_suffix(kKeySuffix.size());
    }
    if (name.size() != 4 || name[0] != 'L' || name[2] != 'T') return std::nullopt;
    mode.spatial_layers = static_cast<std::uint8_t>(name[1] - '0');
    mode.temporal_layers = static_cast<std::uint8_t>(name[3] - '0');
    return mode.valid() ? std::optional(mode) : std::nullopt;
  }

  friend constexpr bool operator==(const ScalabilityMode&, const ScalabilityMode&) = default;
};

inline std::string to_string(ScalabilityMode mode) {
  std::string name = "L" + std::to_string(mode.spatial_layers) + "T" + std::to_string(mode.temporal_layers);
  return mode.key ? name + "_KEY" : name;
}

}  // namespace tidewire
