// The pictures that everybody who takes part sends: 720p like a camera's, the same on every machine.
//
// A textured wall that the camera circles over, so that the end joins the start; a ball with a texture of its own that
// crosses it; and the noise of a sensor, another in each picture. Each picture bears its number, as blocks of black and
// white along its lower edge that outlast compression: so what arrives is compared with what was sent, and timed.
//
// The raw file is pictures one after the other, each the Y, U and V plane; js_peer.mjs reads it too.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tidewire/video_frame.h"

namespace tidewire::bench {

inline constexpr int kWidth = 1280;
inline constexpr int kHeight = 720;
inline constexpr int kFramerate = 30;
inline constexpr int kPictures = 120;  // four seconds; over and over. At most 256, which is what a number can tell
inline constexpr std::size_t kPictureSize = std::size_t{kWidth} * kHeight * 3 / 2;
inline constexpr std::chrono::nanoseconds kFrameTime{1'000'000'000 / kFramerate};

using Picture = std::shared_ptr<const I420Buffer>;

// Draws picture `index` of the clip.
class ClipPainter {
 public:
  ClipPainter();
  Picture paint(int index) const;

 private:
  std::vector<std::uint8_t> wall_;
  std::vector<std::uint8_t> tint_u_;
  std::vector<std::uint8_t> tint_v_;
};

// The number that a picture bears, after compression too; nothing when it cannot be read.
std::optional<int> read_number(const I420Buffer& picture);

// Mean squared error of the Y planes, which have the same size.
double luma_error(const I420Buffer& a, const I420Buffer& b);
// In decibels.
double psnr(double mean_squared_error);

// Both end the program with a sentence when the file is not as it should be.
void write_clip(const std::string& path);
std::vector<Picture> read_clip(const std::string& path);

}  // namespace tidewire::bench
