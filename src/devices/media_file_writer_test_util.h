// Writes small media files for tests: the test picture (frame n carries counter n) and a tone, VP8 and Opus in WebM,
// MPEG-4 and AAC in MP4.
#pragma once

#include <string>

namespace tidewire::devices {

struct TestFile {
  int width = 320;
  int height = 240;
  int pictures = 30;  // at 30 per second
  int bitrate = 300'000;
  double tone = 440;  // Hz, at -12 dBFS; 0: no sound
};

// Adds a failure to the running test when it cannot.
void write_test_file(const std::string& path, const TestFile& content);

}  // namespace tidewire::devices
