// Draws and reads the test picture; the geometry is described in the header.
#include "devices/test_picture.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <numbers>
#include <string_view>

#include "devices/font.h"

namespace tidewire::devices {

namespace {

constexpr int kColumns = 16;
constexpr int kRows = 12;
constexpr int kCodeRow = 10;
constexpr int kMidGrey = (16 + 235) / 2;  // studio range
// 20 of 255 in full range is 17 of the 219 steps of studio range.
constexpr int kDoubt = 17;

struct Colour {
  std::uint8_t y, u, v;
};
constexpr Colour kWhite{235, 128, 128};
constexpr Colour kBlack{16, 128, 128};
// BT.601 studio range at 75 %: white, yellow, cyan, green, magenta, red, blue, black.
constexpr std::array<Colour, 8> kBars{{{180, 128, 128},
                                       {162, 44, 142},
                                       {131, 156, 44},
                                       {112, 72, 58},
                                       {84, 184, 198},
                                       {65, 100, 212},
                                       {35, 212, 114},
                                       {16, 128, 128}}};

// Pixels, the right and lower edges excluded.
struct Area {
  int left, top, right, bottom;
};

Area cells(const I420Buffer& picture, int column, int row, int columns, int rows) {
  return {column * picture.width() / kColumns, row * picture.height() / kRows,
          (column + columns) * picture.width() / kColumns, (row + rows) * picture.height() / kRows};
}

void fill_plane(std::uint8_t* plane, int stride, Area area, std::uint8_t value) {
  for (int y = area.top; y < area.bottom; ++y) {
    std::fill(plane + std::ptrdiff_t{y} * stride + area.left, plane + std::ptrdiff_t{y} * stride + area.right, value);
  }
}

void fill(I420Buffer& picture, Area area, Colour colour) {
  area = {std::clamp(area.left, 0, picture.width()), std::clamp(area.top, 0, picture.height()),
          std::clamp(area.right, 0, picture.width()), std::clamp(area.bottom, 0, picture.height())};
  if (area.left >= area.right || area.top >= area.bottom) return;
  fill_plane(picture.y(), picture.stride_y(), area, colour.y);
  const Area half{area.left / 2, area.top / 2, (area.right + 1) / 2, (area.bottom + 1) / 2};
  fill_plane(picture.u(), picture.stride_uv(), half, colour.u);
  fill_plane(picture.v(), picture.stride_uv(), half, colour.v);
}

// With its upper left corner at (left, top), each dot `dot` pixels wide.
void draw_text(I420Buffer& picture, std::string_view text, int left, int top, int dot) {
  for (const char c : text) {
    const Glyph& shape = glyph(c);
    for (int row = 0; row < kGlyphHeight; ++row) {
      for (int column = 0; column < kGlyphWidth; ++column) {
        if ((shape[static_cast<std::size_t>(row)] >> (kGlyphWidth - 1 - column) & 1) == 0) continue;
        const int x = left + column * dot;
        const int y = top + row * dot;
        fill(picture, {x, y, x + dot, y + dot}, kWhite);
      }
    }
    left += (kGlyphWidth + 1) * dot;
  }
}

int text_width(std::size_t letters, int dot) { return static_cast<int>(letters) * (kGlyphWidth + 1) * dot - dot; }

void draw_labels(I420Buffer& picture, const TestPicture& content) {
  const Area band = cells(picture, 0, 4, kColumns, 1);
  fill(picture, band, kBlack);
  // 28 letters across: twelve of clock, the rest for the name.
  const int dot = std::max(1, picture.width() / (28 * (kGlyphWidth + 1)));
  const int top = (band.top + band.bottom - kGlyphHeight * dot) / 2;
  draw_text(picture, std::string_view(content.name).substr(0, 14), 2 * dot, top, dot);
  draw_text(picture, content.clock, picture.width() - text_width(content.clock.size(), dot) - 2 * dot, top, dot);
}

void draw_digits(I420Buffer& picture, std::uint32_t counter) {
  const Area band = cells(picture, 0, 5, kColumns, 3);
  fill(picture, band, kBlack);
  char text[16];
  const int length = std::snprintf(text, sizeof text, "%08u", counter);
  const int dot = std::max(1, std::min(picture.width() / (10 * (kGlyphWidth + 1)), (band.bottom - band.top) / 9));
  const auto letters = static_cast<std::size_t>(length);
  draw_text(picture, {text, letters}, (picture.width() - text_width(letters, dot)) / 2,
            (band.top + band.bottom - kGlyphHeight * dot) / 2, dot);
}

// A rather dark, strong colour: hue to RGB to BT.601 in studio range.
Colour of_hue(int degrees) {
  auto primary = [&](int offset) {  // a smooth wave per primary, a third of the circle apart
    return 90 + 90 * std::cos((degrees - offset) * std::numbers::pi / 180);
  };
  const double r = primary(0);
  const double g = primary(120);
  const double b = primary(240);
  auto byte = [](double level) { return static_cast<std::uint8_t>(std::lround(level)); };
  return {byte(16 + 0.257 * r + 0.504 * g + 0.098 * b), byte(128 - 0.148 * r - 0.291 * g + 0.439 * b),
          byte(128 + 0.439 * r - 0.368 * g - 0.071 * b)};
}

void draw_ball(I420Buffer& picture, std::uint32_t counter, int hue) {
  const Area field = cells(picture, 0, 8, kColumns, 2);
  fill(picture, field, of_hue(hue));
  const int radius = (field.bottom - field.top) * 3 / 8;
  // To and fro: three seconds each way at 30 Hz.
  const int turn = static_cast<int>(counter % 180);
  const int way = std::max(0, picture.width() - 2 * radius);
  const int x = radius + way * (turn < 90 ? turn : 180 - turn) / 90;
  const int y = (field.top + field.bottom) / 2;
  for (int dy = -radius; dy < radius; ++dy) {
    const int dx = static_cast<int>(std::sqrt(radius * radius - dy * dy));
    fill(picture, {x - dx, y + dy, x + dx, y + dy + 1}, kWhite);
  }
}

std::uint8_t crc8(std::uint32_t counter) {
  unsigned crc = 0xFF;
  for (const int shift : {16, 8, 0}) {
    crc ^= counter >> shift & 0xFF;
    for (int bit = 0; bit < 8; ++bit) crc = (crc << 1 ^ ((crc & 0x80) != 0 ? 0x07 : 0)) & 0xFF;
  }
  return static_cast<std::uint8_t>(crc);
}

struct Mean {
  int y, u, v;
};

int mean_of(const std::uint8_t* plane, int stride, Area area) {
  int sum = 0;
  for (int y = area.top; y < area.bottom; ++y) {
    for (int x = area.left; x < area.right; ++x) sum += plane[std::ptrdiff_t{y} * stride + x];
  }
  return sum / ((area.right - area.left) * (area.bottom - area.top));
}

// Over the middle half of an area, at least one pixel.
Mean middle(const I420Buffer& picture, Area area) {
  const int width = area.right - area.left;
  const int height = area.bottom - area.top;
  const int left = area.left + width / 4;
  const int top = area.top + height / 4;
  const Area core{left, top, left + std::max(1, width / 2), top + std::max(1, height / 2)};
  const Area half{core.left / 2, core.top / 2, std::max(core.left / 2 + 1, core.right / 2),
                  std::max(core.top / 2 + 1, core.bottom / 2)};
  return {mean_of(picture.y(), picture.stride_y(), core), mean_of(picture.u(), picture.stride_uv(), half),
          mean_of(picture.v(), picture.stride_uv(), half)};
}

bool readable_size(const I420Buffer& picture) { return picture.width() >= 64 && picture.height() >= 48; }

}  // namespace

void draw_test_picture(I420Buffer& picture, const TestPicture& content) {
  for (int bar = 0; bar < 8; ++bar) {
    fill(picture, cells(picture, 2 * bar, 0, 2, 4), kBars[static_cast<std::size_t>(bar)]);
  }
  draw_labels(picture, content);
  draw_digits(picture, content.counter);
  draw_ball(picture, content.counter, content.hue);
  const std::uint32_t code = (content.counter % kTestPictureCounterModulus) << 8 | crc8(content.counter);
  for (int bit = 0; bit < 32; ++bit) {
    const Area cell = cells(picture, bit % kColumns, kCodeRow + bit / kColumns, 1, 1);
    fill(picture, cell, (code >> (31 - bit) & 1) != 0 ? kWhite : kBlack);
  }
}

std::optional<std::uint32_t> read_frame_counter(const I420Buffer& picture) {
  if (!readable_size(picture)) return std::nullopt;
  std::uint32_t code = 0;
  for (int bit = 0; bit < 32; ++bit) {
    const int luma = middle(picture, cells(picture, bit % kColumns, kCodeRow + bit / kColumns, 1, 1)).y;
    if (std::abs(luma - kMidGrey) < kDoubt) return std::nullopt;
    code = code << 1 | (luma > kMidGrey ? 1U : 0U);
  }
  if (crc8(code >> 8) != (code & 0xFF)) return std::nullopt;
  return code >> 8;
}

bool is_test_picture(const I420Buffer& picture) {
  if (!readable_size(picture)) return false;
  constexpr int kTolerance = 28;
  for (int bar = 0; bar < 8; ++bar) {
    const Mean seen = middle(picture, cells(picture, 2 * bar, 0, 2, 4));
    const Colour& expected = kBars[static_cast<std::size_t>(bar)];
    if (std::abs(seen.y - expected.y) > kTolerance || std::abs(seen.u - expected.u) > kTolerance ||
        std::abs(seen.v - expected.v) > kTolerance) {
      return false;
    }
  }
  return true;
}

}  // namespace tidewire::devices
