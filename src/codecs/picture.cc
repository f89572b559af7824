#include "codecs/picture.h"

#include <algorithm>

namespace tidewire::codecs {

namespace {

void copy_plane(const std::uint8_t* from, std::ptrdiff_t from_stride, std::uint8_t* to, int to_stride, int width,
                int height) {
  for (int row = 0; row < height; ++row) {
    std::copy_n(from + row * from_stride, width, to + std::ptrdiff_t{row} * to_stride);
  }
}

}  // namespace

std::shared_ptr<const I420Buffer> copy_of(const Planes& planes, Size size) {
  auto picture = std::make_shared<I420Buffer>(size.width, size.height);
  copy_plane(planes.y, planes.stride_y, picture->y(), picture->stride_y(), picture->width(), picture->height());
  const int width = picture->chroma_width();
  const int height = picture->chroma_height();
  copy_plane(planes.u, planes.stride_uv, picture->u(), picture->stride_uv(), width, height);
  copy_plane(planes.v, planes.stride_uv, picture->v(), picture->stride_uv(), width, height);
  return picture;
}

}  // namespace tidewire::codecs
