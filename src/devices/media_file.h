// Reads one stream of a media file, frame after frame (FFmpeg), without any notion of the present time.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
}

#include <memory>
#include <optional>
#include <string>

#include "tidewire/encoded_frame.h"
#include "tidewire/result.h"
#include "tidewire/time.h"

namespace tidewire::devices {

struct FfmpegDeleter {
  void operator()(AVFormatContext* context) const { avformat_close_input(&context); }
  void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
};
template <typename T>
using Ffmpeg = std::unique_ptr<T, FfmpegDeleter>;

class MediaFile {
 public:
  // Opens the file and decodes the first frame of its best stream of that kind. Errors as in devices/file_source.h.
  static Result<std::unique_ptr<MediaFile>> open(const std::string& path, MediaKind kind);

  struct Frame {
    const AVFrame* data;  // valid until the next call
    Duration time;        // from the start of the file
    Duration length;      // zero when not known
  };
  // The next frame in playing order; nothing at the end. Damaged parts are skipped.
  std::optional<Frame> next();
  // Back to the start. False when that does not work (any more).
  bool rewind();
  // Of the whole file, all streams; zero when not known.
  Duration length() const;

 private:
  MediaFile(std::string path, MediaKind kind) : path_(std::move(path)), kind_(kind) {}
  Result<> open_container();
  Result<> open_decoder();
  bool decode_one();
  bool feed();
  Duration time_of(const AVFrame& frame) const;

  std::string path_;
  MediaKind kind_;
  Ffmpeg<AVFormatContext> container_;
  Ffmpeg<AVCodecContext> decoder_;
  Ffmpeg<AVPacket> packet_;
  Ffmpeg<AVFrame> frame_;
  const AVStream* stream_ = nullptr;
  bool first_waits_ = false;  // frame_ holds the first frame, which open() decoded
  bool drained_ = false;      // the file has ended and the decoder knows
  Duration end_{};            // of the frame before: where one without a time stamp goes
};

}  // namespace tidewire::devices
