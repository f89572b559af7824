#include "devices/test_picture.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

namespace tidewire::devices {
namespace {

I420Buffer draw(int width, int height, std::uint32_t counter) {
  I420Buffer picture(width, height);
  draw_test_picture(picture, {.counter = counter, .clock = "12:34:56.789", .name = "Alice_2"});
  return picture;
}

TEST(TestPicture, CounterIsReadBackAtManySizesAndValues) {
  const std::pair<int, int> sizes[] = {{640, 480}, {320, 240}, {160, 120}, {64, 48}, {1280, 720}, {333, 251}};
  for (const auto& [width, height] : sizes) {
    for (const std::uint32_t counter : {0U, 1U, 0x5555U, 0x123456U, 0xFFFFFFU}) {
      const I420Buffer picture = draw(width, height, counter);
      EXPECT_TRUE(is_test_picture(picture)) << width << "x" << height;
      EXPECT_EQ(read_frame_counter(picture), counter) << width << "x" << height;
    }
  }
  EXPECT_EQ(read_frame_counter(draw(640, 480, kTestPictureCounterModulus + 7)), 7U);
}

TEST(TestPicture, CounterSurvivesNoiseAndDarkening) {
  I420Buffer picture = draw(320, 240, 424242);
  std::mt19937 random(1);
  for (int i = 0; i < 320 * 240; ++i) {
    picture.y()[i] = static_cast<std::uint8_t>(picture.y()[i] * 3 / 4 + 10 + static_cast<int>(random() % 40));
  }
  EXPECT_EQ(read_frame_counter(picture), 424242U);
}

TEST(TestPicture, OtherPicturesAreNotTakenForIt) {
  for (const int grey : {0, 16, 128, 235, 255}) {
    I420Buffer flat(320, 240);
    std::fill_n(flat.y(), 320 * 240 * 3 / 2, static_cast<std::uint8_t>(grey));
    EXPECT_FALSE(read_frame_counter(flat)) << grey;
    EXPECT_FALSE(is_test_picture(flat)) << grey;
  }
  std::mt19937 random(2);
  I420Buffer noise(320, 240);
  for (int i = 0; i < 320 * 240 * 3 / 2; ++i) noise.y()[i] = static_cast<std::uint8_t>(random());
  EXPECT_FALSE(read_frame_counter(noise));
  EXPECT_FALSE(is_test_picture(noise));
  EXPECT_FALSE(read_frame_counter(I420Buffer(16, 12)));
}

TEST(TestPicture, AnyFlippedBitIsNoticed) {
  for (int bit = 0; bit < 32; ++bit) {
    I420Buffer picture = draw(160, 120, 0x00BEEF);
    const int left = bit % 16 * 10;
    const int top = 100 + bit / 16 * 10;
    for (int y = top; y < top + 10; ++y) {
      for (int x = left; x < left + 10; ++x) {
        std::uint8_t& luma = picture.y()[y * 160 + x];
        luma = luma > 128 ? 16 : 235;
      }
    }
    EXPECT_FALSE(read_frame_counter(picture)) << bit;
  }
}

TEST(TestPicture, EveryPixelIsDrawnWhateverTheText) {
  I420Buffer a(64, 48);
  I420Buffer b(64, 48);
  std::fill_n(b.y(), 64 * 48 * 3 / 2, std::uint8_t{77});
  const TestPicture content{
      .counter = 0xFFFFFFFF, .clock = std::string(100, 'M'), .name = std::string(100, '\xff'), .hue = -1000};
  draw_test_picture(a, content);
  draw_test_picture(b, content);
  EXPECT_TRUE(std::equal(a.y(), a.y() + 64 * 48 * 3 / 2, b.y()));
}

// BT.601 studio range to RGBA, as a browser's canvas gives it.
void write_rgba(const I420Buffer& picture, const std::filesystem::path& path) {
  std::ofstream file(path, std::ios::binary);
  auto put = [&](double level) {
    file.put(static_cast<char>(static_cast<unsigned char>(std::clamp(level, 0.0, 255.0))));
  };
  for (int y = 0; y < picture.height(); ++y) {
    for (int x = 0; x < picture.width(); ++x) {
      const double luma = 1.164 * (picture.y()[y * picture.stride_y() + x] - 16);
      const double u = picture.u()[y / 2 * picture.stride_uv() + x / 2] - 128;
      const double v = picture.v()[y / 2 * picture.stride_uv() + x / 2] - 128;
      put(luma + 1.596 * v);
      put(luma - 0.392 * u - 0.813 * v);
      put(luma + 2.017 * u);
      put(255);
    }
  }
}

TEST(TestPicture, TheReaderOfTheWebPageAgrees) {
  if (std::system("node --version > /dev/null 2>&1") != 0) GTEST_SKIP() << "node is not installed";
  const auto module = std::filesystem::path(TIDEWIRE_SOURCE_DIR) / "web/test_picture.js";
  if (!std::filesystem::exists(module)) GTEST_SKIP() << module << " is not here";
  const auto folder = std::filesystem::path(testing::TempDir()) / ("tidewire_test_picture_" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  std::filesystem::copy_file(module, folder / "test_picture.mjs");
  write_rgba(draw(320, 240, 1234567), folder / "picture");
  write_rgba(I420Buffer(320, 240), folder / "other");
  std::ofstream(folder / "check.mjs") << R"(
    import { readFrameCounter, isTestPicture } from './test_picture.mjs';
    import { readFileSync } from 'node:fs';
    const load = (name) => ({ width: 320, height: 240, data: readFileSync(new URL(name, import.meta.url)) });
    const seen = [readFrameCounter(load('picture')), isTestPicture(load('picture')),
                  readFrameCounter(load('other')), isTestPicture(load('other'))];
    if (JSON.stringify(seen) !== '[1234567,true,null,false]') throw new Error(JSON.stringify(seen));
  )";
  EXPECT_EQ(std::system(("node " + (folder / "check.mjs").string()).c_str()), 0);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace tidewire::devices
