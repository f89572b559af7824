// How a connection finds out what its path carries.
#pragma once

#include <cstdint>
#include <string_view>

namespace tidewire {

enum class CongestionControl : std::uint8_t {
  kTidewire,  // our own: quick to fill a path, quick to yield, deaf to losses that are no congestion
  kGoogle,    // a model of Google's, which browsers have: for comparison
  kNone,      // what is sent is what the application asks for
};

// "tidewire", "google", "none".
constexpr std::string_view to_string(CongestionControl control) {
  switch (control) {
    case CongestionControl::kTidewire: return "tidewire";
    case CongestionControl::kGoogle: return "google";
    case CongestionControl::kNone: break;
  }
  return "none";
}

}  // namespace tidewire
