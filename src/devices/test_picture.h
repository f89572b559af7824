// The test picture: for people a moving image with name, clock and frame counter; for tests a picture that can be told
// from any other and whose counter a program reads back after scaling and compression.
//
// Geometry. Everything is relative: the picture is a grid of 16 columns and 12 rows, whatever its size. Cell (c, r)
// reaches from pixel x = c * width / 16 and y = r * height / 12 to the next cell's start.
//
//   rows 0–3    eight colour bars, each two columns wide, at 75 % intensity, from left to right: white, yellow, cyan,
//               green, magenta, red, blue, black. They never change: is_test_picture() looks for them.
//   row  4      name (left) and clock HH:MM:SS.mmm (right), white on black
//   rows 5–7    the frame counter in large decimal digits, white on black
//   rows 8–9    a white ball that crosses a field of colour `hue`
//   rows 10–11  the frame counter for machines: 32 cells, each one bit, white (1) or black (0), most significant bit
//               first, from left to right in row 10 and then in row 11:
//                 row 10, columns 0–15: counter bits 23–8
//                 row 11, columns 0–7:  counter bits 7–0
//                 row 11, columns 8–15: CRC-8 (polynomial 0x07, initial value 0xFF) of the counter's three bytes,
//                                       most significant first
//               A reader averages the luma of the middle half of each cell (a quarter of its area), calls it white
//               above mid-grey and black below, and takes the picture for unreadable when a cell lies closer than 20
//               (of 255) to mid-grey or the CRC differs.
//
// web/test_picture.js reads the same geometry from a canvas.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tidewire/video_frame.h"

namespace tidewire::devices {

// The counter is read back modulo this: six days at 30 Hz.
inline constexpr std::uint32_t kTestPictureCounterModulus = 1U << 24;

struct TestPicture {
  std::uint32_t counter = 0;
  std::string clock;  // any text, e.g. "12:34:56.789"
  std::string name;   // of the peer; letters, digits and a few signs are drawn, the rest becomes blanks
  int hue = 210;      // degrees, 0 … 359, of the field that the ball crosses
};

// Draws over the whole picture. Readable as text from about 320x240 on; the machine's counter from 64x48 on.
void draw_test_picture(I420Buffer& picture, const TestPicture& content);

// The machine-readable counter, modulo kTestPictureCounterModulus; nothing when there is none to be read.
std::optional<std::uint32_t> read_frame_counter(const I420Buffer& picture);

// Whether the eight colour bars are where they belong.
bool is_test_picture(const I420Buffer& picture);

}  // namespace tidewire::devices
