#include "codecs/picture_transform.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace tidewire::codecs {
namespace {

// The left half is black, the right one white; the upper left corner of U is marked.
VideoFrame halves(int width, int height) {
  auto buffer = std::make_shared<I420Buffer>(width, height);
  for (int y = 0; y < height; ++y) {
    std::uint8_t* row = buffer->y() + y * buffer->stride_y();
    std::fill(row, row + width / 2, std::uint8_t{16});
    std::fill(row + width / 2, row + width, std::uint8_t{235});
  }
  std::fill(buffer->u(), buffer->v(), std::uint8_t{128});
  std::fill(buffer->v(), buffer->v() + (buffer->v() - buffer->u()), std::uint8_t{128});
  *buffer->u() = 200;
  return {.buffer = buffer, .timestamp = Timestamp{} + std::chrono::seconds(7), .rtp_timestamp = 9};
}

int luma(const VideoFrame& frame, int x, int y) { return frame.buffer->y()[y * frame.buffer->stride_y() + x]; }

TEST(PictureTransform, ShrinksToEvenSizesAndKeepsTheRest) {
  const VideoFrame small = scaled_down(halves(1280, 720), 4);
  EXPECT_EQ(small.width(), 320);
  EXPECT_EQ(small.height(), 180);
  EXPECT_EQ(luma(small, 10, 90), 16);
  EXPECT_EQ(luma(small, 310, 90), 235);
  EXPECT_EQ(small.rtp_timestamp, 9U);
  EXPECT_EQ(small.timestamp, Timestamp{} + std::chrono::seconds(7));
  EXPECT_EQ(scaled_down(halves(1280, 720), 3).width(), 426);
  EXPECT_EQ(scaled_down(halves(64, 48), 1000).width(), 2);
}

TEST(PictureTransform, DoesNothingWhereNothingIsToBeDone) {
  const VideoFrame frame = halves(64, 48);
  EXPECT_EQ(scaled_down(frame, 1).buffer, frame.buffer);
  EXPECT_EQ(scaled_down(frame, 0.5).buffer, frame.buffer);
  EXPECT_EQ(rotated(frame, 0).buffer, frame.buffer);
  EXPECT_EQ(rotated(frame, 45).buffer, frame.buffer);
  EXPECT_EQ(scaled_down({}, 2).buffer, nullptr);
  EXPECT_EQ(rotated({}, 90).buffer, nullptr);
}

TEST(PictureTransform, TurnsClockwise) {
  const VideoFrame frame = halves(64, 48);
  const VideoFrame quarter = rotated(frame, 90);
  EXPECT_EQ(quarter.width(), 48);
  EXPECT_EQ(quarter.height(), 64);
  EXPECT_EQ(luma(quarter, 20, 5), 16) << "left is up now";
  EXPECT_EQ(luma(quarter, 20, 60), 235);
  EXPECT_EQ(quarter.buffer->u()[quarter.buffer->chroma_width() - 1], 200);
  EXPECT_EQ(luma(rotated(frame, 180), 5, 20), 235);
  EXPECT_EQ(luma(rotated(frame, 270), 20, 5), 235);
}

}  // namespace
}  // namespace tidewire::codecs
