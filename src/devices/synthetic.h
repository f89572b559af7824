// Sources that need no hardware: a camera that films the test picture and a microphone that hears a tone.
//
// Both keep an absolute schedule, so they do not drift against the clock.
#pragma once

#include <memory>
#include <string>

#include "devices/source.h"

namespace tidewire::devices {

struct SyntheticCameraOptions {
  int width = 640;
  int height = 480;
  int framerate = 30;
  std::string name;  // shown in the picture
  int hue = 210;     // degrees, of the moving field
};

// Pictures as in devices/test_picture.h. The counter starts at 0 with each start() and goes up by one each period;
// a period for which the camera was too late is left out, number and all. kRange for options that make no sense.
Result<std::unique_ptr<VideoSource>> make_synthetic_camera(SyntheticCameraOptions options = {});

struct SyntheticMicrophoneOptions {
  double frequency = 440;  // Hz
  double level = -12;      // dBFS, peak
  int channels = 1;
  Duration frame_length = std::chrono::milliseconds{20};  // 10 or 20 ms
};

// 48 kHz; the phase goes on from frame to frame. kRange for options that make no sense.
Result<std::unique_ptr<AudioSource>> make_synthetic_microphone(SyntheticMicrophoneOptions options = {});

}  // namespace tidewire::devices
