#include "codecs/picture_transform.h"

#include <libyuv/rotate.h>
#include <libyuv/scale.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace tidewire::codecs {
namespace {

VideoFrame with_pixels(const VideoFrame& frame, std::shared_ptr<I420Buffer> pixels) {
  VideoFrame out = frame;
  out.buffer = std::move(pixels);
  return out;
}

}  // namespace

int scaled_side(int side, double factor) {
  const int rounded = static_cast<int>(std::lround(side / factor / 2)) * 2;
  return factor > 1 ? std::clamp(rounded, std::min(side, 2), side) : side;
}

VideoFrame scaled_down(const VideoFrame& frame, double factor) {
  if (!frame.buffer || !(factor > 1)) return frame;
  const I420Buffer& in = *frame.buffer;
  const int width = scaled_side(in.width(), factor);
  const int height = scaled_side(in.height(), factor);
  if (width == in.width() && height == in.height()) return frame;
  auto out = std::make_shared<I420Buffer>(width, height);
  // A box filter: each pixel is the mean of those that it replaces, so that fine patterns do not flicker.
  libyuv::I420Scale(in.y(), in.stride_y(), in.u(), in.stride_uv(), in.v(), in.stride_uv(), in.width(), in.height(),
                    out->y(), out->stride_y(), out->u(), out->stride_uv(), out->v(), out->stride_uv(), width, height,
                    libyuv::kFilterBox);
  return with_pixels(frame, std::move(out));
}

VideoFrame rotated(const VideoFrame& frame, int clockwise_degrees) {
  if (!frame.buffer || (clockwise_degrees != 90 && clockwise_degrees != 180 && clockwise_degrees != 270)) return frame;
  const I420Buffer& in = *frame.buffer;
  const bool upright = clockwise_degrees == 180;
  auto out = std::make_shared<I420Buffer>(upright ? in.width() : in.height(), upright ? in.height() : in.width());
  libyuv::I420Rotate(in.y(), in.stride_y(), in.u(), in.stride_uv(), in.v(), in.stride_uv(), out->y(), out->stride_y(),
                     out->u(), out->stride_uv(), out->v(), out->stride_uv(), in.width(), in.height(),
                     static_cast<libyuv::RotationMode>(clockwise_degrees));
  return with_pixels(frame, std::move(out));
}

}  // namespace tidewire::codecs
