// What every video codec here does with pictures: their size, and taking them out of a library's memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "tidewire/video_frame.h"

namespace tidewire::codecs {

struct Size {
  int width = 0;
  int height = 0;
  friend bool operator==(const Size&, const Size&) = default;
  std::int64_t pixels() const { return std::int64_t{width} * height; }
};

// Where a library keeps an I420 picture.
struct Planes {
  const std::uint8_t* y = nullptr;
  const std::uint8_t* u = nullptr;
  const std::uint8_t* v = nullptr;
  std::ptrdiff_t stride_y = 0;
  std::ptrdiff_t stride_uv = 0;
};

std::shared_ptr<const I420Buffer> copy_of(const Planes& planes, Size size);

}  // namespace tidewire::codecs
