// Raw pictures: planar YUV 4:2:0 with shared, immutable pixels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "tidewire/time.h"

namespace tidewire {

// An I420 picture: a full-size Y plane, then U and V planes of half the size, rounded up. BT.601, studio range.
// Rows follow each other without padding. A buffer is filled by its maker and is constant once shared.
class I420Buffer {
 public:
  // Pixels are not initialised. Width and height in pixels, both positive.
  I420Buffer(int width, int height)
      : width_(width), height_(height), pixels_(static_cast<std::size_t>(y_size() + 2 * uv_size())) {}

  int width() const { return width_; }
  int height() const { return height_; }
  int chroma_width() const { return (width_ + 1) / 2; }
  int chroma_height() const { return (height_ + 1) / 2; }
  // Bytes from one row to the next.
  int stride_y() const { return width_; }
  int stride_uv() const { return chroma_width(); }

  std::uint8_t* y() { return pixels_.data(); }
  std::uint8_t* u() { return y() + y_size(); }
  std::uint8_t* v() { return u() + uv_size(); }
  const std::uint8_t* y() const { return pixels_.data(); }
  const std::uint8_t* u() const { return y() + y_size(); }
  const std::uint8_t* v() const { return u() + uv_size(); }

 private:
  std::ptrdiff_t y_size() const { return std::ptrdiff_t{width_} * height_; }
  std::ptrdiff_t uv_size() const { return std::ptrdiff_t{chroma_width()} * chroma_height(); }

  int width_;
  int height_;
  std::vector<std::uint8_t> pixels_;
};

// A picture in a stream. Cheap to copy: pixels are shared.
struct VideoFrame {
  std::shared_ptr<const I420Buffer> buffer;
  // When it was captured (a source) or is due to be shown (a receiver).
  Timestamp timestamp{};
  // RTP timestamp, 90 kHz; only in frames that were received.
  std::uint32_t rtp_timestamp = 0;
  // What it has to be turned by, clockwise, to be seen upright: 0, 90, 180 or 270. Sinks that show pictures turn them;
  // width() and height() are those of the pixels.
  int rotation = 0;

  int width() const { return buffer ? buffer->width() : 0; }
  int height() const { return buffer ? buffer->height() : 0; }
};

// Takes each picture of a source or of a decoder. Called on the thread that the giver documents.
using VideoSink = std::function<void(const VideoFrame&)>;

}  // namespace tidewire
