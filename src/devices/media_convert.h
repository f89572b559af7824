// Brings what FFmpeg decodes into the library's own form: I420 pictures and 48 kHz sound.
#pragma once

extern "C" {
#include <libavutil/frame.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>
}

#include <cstdint>
#include <memory>
#include <vector>

#include "devices/media_file.h"
#include "tidewire/video_frame.h"

namespace tidewire::devices {

class PictureConverter {
 public:
  // Larger pictures are scaled down to fit.
  PictureConverter(int max_width, int max_height) : max_width_(max_width), max_height_(max_height) {}

  // Null when FFmpeg cannot convert it.
  std::shared_ptr<const I420Buffer> convert(const AVFrame& frame);

 private:
  struct Deleter {
    void operator()(SwsContext* context) const { sws_freeContext(context); }
  };
  bool prepare(const AVFrame& frame, int width, int height);

  int max_width_;
  int max_height_;
  std::unique_ptr<SwsContext, Deleter> scaler_;
  Ffmpeg<AVFrame> scaled_;
};

class SoundConverter {
 public:
  explicit SoundConverter(int channels) : channels_(channels) {}

  // Appends the frame's sound to `samples`, interleaved at 48 kHz. A frame that FFmpeg cannot convert adds nothing.
  void convert(const AVFrame& frame, std::vector<std::int16_t>& samples);
  // Appends what the resampler still holds, and forgets all about the sound so far.
  void flush(std::vector<std::int16_t>& samples);

 private:
  struct Deleter {
    void operator()(SwrContext* context) const { swr_free(&context); }
  };
  bool prepare(const AVFrame& frame);
  void run(const AVFrame* frame, std::vector<std::int16_t>& samples);

  int channels_;
  std::unique_ptr<SwrContext, Deleter> resampler_;
  // What the resampler was made for.
  int rate_ = 0;
  int format_ = -1;
  int input_channels_ = 0;
};

}  // namespace tidewire::devices
