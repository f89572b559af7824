// Pictures in another size or turned upright, by libyuv.
#pragma once

#include "tidewire/video_frame.h"

namespace tidewire::codecs {

// A side divided by `factor`, at least 1, and rounded to an even number of at least 2 pixels.
int scaled_side(int side, double factor);
// Width and height divided so. The same pixels when nothing changes.
VideoFrame scaled_down(const VideoFrame& frame, double factor);

// Turned clockwise by 90, 180 or 270 degrees; by any other number it stays as it is.
VideoFrame rotated(const VideoFrame& frame, int clockwise_degrees);

}  // namespace tidewire::codecs
