#include "clip.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <numbers>

namespace tidewire::bench {
namespace {

// How far the camera strays from its middle: a circle of this radius in four seconds, and a hand that shakes.
constexpr int kCircle = 100;
constexpr int kShake = 4;
constexpr int kSway = kCircle + kShake + 1;
constexpr int kWallWidth = kWidth + 2 * kSway;
constexpr int kWallHeight = kHeight + 2 * kSway;
constexpr int kBallRadius = 110;

// The number: eight blocks for its bits, highest first, and eight for their complements.
constexpr int kBlock = 32;
constexpr int kBits = 8;
constexpr std::uint8_t kWhite = 235;
constexpr std::uint8_t kBlack = 16;
constexpr int kMidGrey = (kWhite + kBlack) / 2;

std::uint32_t hash(std::uint32_t x) {
  x = (x ^ x >> 16) * 0x7feb352dU;
  x = (x ^ x >> 15) * 0x846ca68bU;
  return x ^ x >> 16;
}

// Random values on a grid of `step` pixels, joined smoothly: 0 to 1.
double value_noise(int x, int y, int step, std::uint32_t seed) {
  const auto corner = [seed](int column, int row) {
    return hash(static_cast<std::uint32_t>(row) * 0x9e3779b9U + static_cast<std::uint32_t>(column) +
                seed * 0x85ebca6bU) /
           4294967295.0;
  };
  const auto smooth = [step](int offset) {
    const double part = static_cast<double>(offset) / step;
    return part * part * (3 - 2 * part);
  };
  const int column = x / step;
  const int row = y / step;
  const double across = smooth(x % step);
  const double upper = std::lerp(corner(column, row), corner(column + 1, row), across);
  const double lower = std::lerp(corner(column, row + 1), corner(column + 1, row + 1), across);
  return std::lerp(upper, lower, smooth(y % step));
}

std::uint8_t to_byte(double level) { return static_cast<std::uint8_t>(std::clamp(std::lround(level), 16L, 235L)); }

// Large shapes, fine grain, and joints of bricks: edges are what costs bits.
std::uint8_t wall_at(int x, int y) {
  const bool joint = y % 96 < 3 || (x + y / 96 % 2 * 80) % 160 < 3;
  const double shade = 90 * value_noise(x, y, 240, 1) + 50 * value_noise(x, y, 60, 2) + 36 * value_noise(x, y, 12, 3) +
                       40 * value_noise(x, y, 3, 4);
  return to_byte(20 + shade - (joint ? 45 : 0));
}

// -3 to 3, mostly little: the sum of two dice.
int sensor_noise(std::uint32_t word) { return static_cast<int>((word & 3) + (word >> 2 & 3)) - 3; }

struct Point {
  int x, y;
};

Point on_circle(int index, int radius_x, int radius_y, double turns) {
  const double angle = 2 * std::numbers::pi * turns * index / kPictures;
  return {static_cast<int>(std::lround(radius_x * std::cos(angle))),
          static_cast<int>(std::lround(radius_y * std::sin(angle)))};
}

// The part of the wall that the camera sees, to half a pixel: what moves by whole ones is too easy to predict.
void draw_wall(I420Buffer& picture, const std::vector<std::uint8_t>& wall, int index) {
  const Point circle = on_circle(index, 2 * kCircle, 2 * kCircle, 1);
  const Point shake = on_circle(index, 2 * kShake, 2 * kShake, 13);
  const Point halves{2 * kSway + circle.x + shake.x, 2 * kSway + circle.y + shake.y};
  const std::ptrdiff_t right = halves.x % 2;
  const std::ptrdiff_t below = halves.y % 2 * kWallWidth;
  for (int y = 0; y < kHeight; ++y) {
    const std::uint8_t* from = wall.data() + std::ptrdiff_t{halves.y / 2 + y} * kWallWidth + halves.x / 2;
    std::uint8_t* to = picture.y() + std::ptrdiff_t{y} * kWidth;
    for (int x = 0; x < kWidth; ++x) {
      to[x] =
          static_cast<std::uint8_t>((from[x] + from[x + right] + from[x + below] + from[x + right + below] + 2) / 4);
    }
  }
}

void draw_ball(I420Buffer& picture, int index) {
  const Point offset = on_circle(index, 400, 120, 2);
  const Point centre{kWidth / 2 - offset.x, kHeight / 2 + offset.y};
  for (int dy = -kBallRadius; dy < kBallRadius; ++dy) {
    const int reach = static_cast<int>(std::sqrt(kBallRadius * kBallRadius - dy * dy));
    for (int dx = -reach; dx < reach; ++dx) {
      const std::ptrdiff_t at = std::ptrdiff_t{centre.y + dy} * kWidth + centre.x + dx;
      const double grain = value_noise(dx + kBallRadius, dy + kBallRadius, 20, 7);
      picture.y()[at] = to_byte(90 + 120 * grain);
      const std::ptrdiff_t half = std::ptrdiff_t{(centre.y + dy) / 2} * picture.stride_uv() + (centre.x + dx) / 2;
      picture.u()[half] = 100;
      picture.v()[half] = 175;
    }
  }
}

void add_noise(I420Buffer& picture, int index) {
  std::uint32_t state = hash(static_cast<std::uint32_t>(index) + 1);
  std::uint8_t* luma = picture.y();
  for (std::size_t i = 0; i < std::size_t{kWidth} * kHeight; ++i) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    luma[i] = static_cast<std::uint8_t>(std::clamp(luma[i] + sensor_noise(state >> 9), 16, 235));
  }
}

void draw_number(I420Buffer& picture, int number) {
  const int code = number << kBits | (~number & 0xFF);
  for (int bit = 0; bit < 2 * kBits; ++bit) {
    const std::uint8_t level = (code >> (2 * kBits - 1 - bit) & 1) != 0 ? kWhite : kBlack;
    for (int y = kHeight - kBlock; y < kHeight; ++y) {
      std::fill_n(picture.y() + std::ptrdiff_t{y} * kWidth + std::ptrdiff_t{bit} * kBlock, kBlock, level);
    }
  }
}

[[noreturn]] void fail(const std::string& path, const char* what) {
  std::fprintf(stderr, "%s %s\n", path.c_str(), what);
  std::exit(1);
}

}  // namespace

ClipPainter::ClipPainter() {
  for (int y = 0; y < kWallHeight; ++y) {
    for (int x = 0; x < kWallWidth; ++x) wall_.push_back(wall_at(x, y));
  }
  for (int y = 0; y < kWallHeight / 2; ++y) {
    for (int x = 0; x < kWallWidth / 2; ++x) {
      tint_u_.push_back(to_byte(90 + 70 * value_noise(x, y, 150, 5)));
      tint_v_.push_back(to_byte(90 + 70 * value_noise(x, y, 110, 6)));
    }
  }
}

Picture ClipPainter::paint(int index) const {
  auto picture = std::make_shared<I420Buffer>(kWidth, kHeight);
  draw_wall(*picture, wall_, index);
  const Point circle = on_circle(index, kCircle, kCircle, 1);
  const Point corner{kSway + circle.x, kSway + circle.y};
  for (int y = 0; y < kHeight / 2; ++y) {
    const std::ptrdiff_t from = std::ptrdiff_t{corner.y / 2 + y} * (kWallWidth / 2) + corner.x / 2;
    std::copy_n(tint_u_.data() + from, kWidth / 2, picture->u() + std::ptrdiff_t{y} * (kWidth / 2));
    std::copy_n(tint_v_.data() + from, kWidth / 2, picture->v() + std::ptrdiff_t{y} * (kWidth / 2));
  }
  draw_ball(*picture, index);
  add_noise(*picture, index);
  draw_number(*picture, index);
  return picture;
}

std::optional<int> read_number(const I420Buffer& picture) {
  if (picture.width() != kWidth || picture.height() != kHeight) return std::nullopt;
  int code = 0;
  for (int bit = 0; bit < 2 * kBits; ++bit) {
    int sum = 0;
    for (int y = kHeight - kBlock / 2 - 4; y < kHeight - kBlock / 2 + 4; ++y) {
      const std::uint8_t* row =
          picture.y() + std::ptrdiff_t{y} * kWidth + std::ptrdiff_t{bit} * kBlock + kBlock / 2 - 4;
      for (int x = 0; x < 8; ++x) sum += row[x];
    }
    code = code << 1 | (sum / 64 > kMidGrey ? 1 : 0);
  }
  const int number = code >> kBits;
  if ((number ^ (code & 0xFF)) != 0xFF || number >= kPictures) return std::nullopt;
  return number;
}

double luma_error(const I420Buffer& a, const I420Buffer& b) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < std::size_t{kWidth} * kHeight; ++i) {
    const int difference = a.y()[i] - b.y()[i];
    sum += static_cast<std::uint64_t>(difference * difference);
  }
  return static_cast<double>(sum) / (kWidth * kHeight);
}

double psnr(double mean_squared_error) { return 10 * std::log10(255 * 255 / std::max(mean_squared_error, 1e-9)); }

void write_clip(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (!file) fail(path, "cannot be written");
  const ClipPainter painter;
  bool whole = true;
  for (int index = 0; index < kPictures; ++index) {
    whole = std::fwrite(painter.paint(index)->y(), 1, kPictureSize, file) == kPictureSize && whole;
  }
  if (std::fclose(file) != 0 || !whole) fail(path, "could not be written to its end");
}

std::vector<Picture> read_clip(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (!file) fail(path, "cannot be read");
  std::vector<Picture> pictures;
  for (int index = 0; index < kPictures; ++index) {
    auto picture = std::make_shared<I420Buffer>(kWidth, kHeight);
    if (std::fread(picture->y(), 1, kPictureSize, file) != kPictureSize) fail(path, "is too short");
    pictures.push_back(std::move(picture));
  }
  std::fclose(file);
  return pictures;
}

}  // namespace tidewire::bench
