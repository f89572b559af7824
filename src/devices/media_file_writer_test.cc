#include <gtest/gtest.h>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>
}

#include <algorithm>
#include <cstring>
#include <vector>

#include "devices/media_file.h"
#include "devices/media_file_writer_test_util.h"
#include "devices/test_picture.h"
#include "devices/tone.h"

namespace tidewire::devices {
namespace {

struct Track {
  Ffmpeg<AVCodecContext> encoder;
  AVStream* stream = nullptr;
};

class Writer {
 public:
  Writer(const std::string& path, const TestFile& content) : path_(path), content_(content) {}

  void write() {
    ASSERT_GE(avformat_alloc_output_context2(&container_, nullptr, nullptr, path_.c_str()), 0);
    const bool webm = path_.ends_with(".webm");
    open_video(webm ? "libvpx" : "mpeg4");
    if (content_.tone > 0) open_audio(webm ? "libopus" : "aac");
    ASSERT_FALSE(testing::Test::HasFatalFailure());
    ASSERT_GE(avio_open(&container_->pb, path_.c_str(), AVIO_FLAG_WRITE), 0);
    ASSERT_GE(avformat_write_header(container_, nullptr), 0);
    for (int i = 0; i < content_.pictures; ++i) write_picture(i);
    finish(video_);
    if (content_.tone > 0) write_sound();
    ASSERT_EQ(av_write_trailer(container_), 0);
    avio_closep(&container_->pb);
    avformat_free_context(container_);
  }

 private:
  Ffmpeg<AVCodecContext> make(const char* name) {
    const AVCodec* codec = avcodec_find_encoder_by_name(name);
    EXPECT_NE(codec, nullptr) << "FFmpeg has no encoder " << name;
    Ffmpeg<AVCodecContext> encoder(avcodec_alloc_context3(codec));
    if ((container_->oformat->flags & AVFMT_GLOBALHEADER) != 0) encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    return encoder;
  }

  void add(Track& track) {
    ASSERT_GE(avcodec_open2(track.encoder.get(), nullptr, nullptr), 0);
    track.stream = avformat_new_stream(container_, nullptr);
    track.stream->time_base = track.encoder->time_base;
    ASSERT_GE(avcodec_parameters_from_context(track.stream->codecpar, track.encoder.get()), 0);
  }

  void open_video(const char* name) {
    video_.encoder = make(name);
    AVCodecContext& encoder = *video_.encoder;
    encoder.width = content_.width;
    encoder.height = content_.height;
    encoder.pix_fmt = AV_PIX_FMT_YUV420P;
    encoder.time_base = {1, 30};
    encoder.framerate = {30, 1};
    encoder.bit_rate = content_.bitrate;
    if (std::strcmp(name, "libvpx") == 0) {  // as in codecs/vp8_encoder.cc
      encoder.rc_min_rate = encoder.rc_max_rate = content_.bitrate;
      encoder.rc_buffer_size = content_.bitrate;
      encoder.qmin = 2;
      encoder.qmax = 56;
      encoder.gop_size = 9999;
      av_opt_set(encoder.priv_data, "deadline", "realtime", 0);
      av_opt_set_int(encoder.priv_data, "cpu-used", -8, 0);
      av_opt_set_int(encoder.priv_data, "lag-in-frames", 0, 0);
      av_opt_set_int(encoder.priv_data, "drop-threshold", 30, 0);
    }
    add(video_);
  }

  void open_audio(const char* name) {
    audio_.encoder = make(name);
    AVCodecContext& encoder = *audio_.encoder;
    encoder.sample_rate = 48'000;
    encoder.sample_fmt = encoder.codec->sample_fmts[0];
    for (const auto* format = encoder.codec->sample_fmts; *format != AV_SAMPLE_FMT_NONE; ++format) {
      if (*format == AV_SAMPLE_FMT_S16) encoder.sample_fmt = *format;
    }
    av_channel_layout_default(&encoder.ch_layout, 1);
    encoder.time_base = {1, 48'000};
    encoder.bit_rate = 64'000;
    add(audio_);
  }

  void encode(Track& track, const AVFrame* frame) {
    ASSERT_GE(avcodec_send_frame(track.encoder.get(), frame), 0);
    const Ffmpeg<AVPacket> packet(av_packet_alloc());
    while (avcodec_receive_packet(track.encoder.get(), packet.get()) >= 0) {
      packet->stream_index = track.stream->index;
      av_packet_rescale_ts(packet.get(), track.encoder->time_base, track.stream->time_base);
      ASSERT_GE(av_interleaved_write_frame(container_, packet.get()), 0);
    }
  }
  void finish(Track& track) { encode(track, nullptr); }

  void write_picture(int number) {
    I420Buffer picture(content_.width, content_.height);
    draw_test_picture(picture,
                      {.counter = static_cast<std::uint32_t>(number), .clock = "00:00:00.000", .name = "File"});
    const Ffmpeg<AVFrame> frame(av_frame_alloc());
    frame->format = AV_PIX_FMT_YUV420P;
    frame->width = content_.width;
    frame->height = content_.height;
    frame->pts = number;
    ASSERT_GE(av_frame_get_buffer(frame.get(), 0), 0);
    const std::uint8_t* planes[] = {picture.y(), picture.u(), picture.v()};
    for (std::size_t p = 0; p < 3; ++p) {
      const int stride = p == 0 ? picture.stride_y() : picture.stride_uv();
      const int rows = p == 0 ? picture.height() : picture.chroma_height();
      for (int row = 0; row < rows; ++row) {
        std::copy_n(planes[p] + std::ptrdiff_t{row} * stride, stride,
                    frame->data[p] + std::ptrdiff_t{row} * frame->linesize[p]);
      }
    }
    encode(video_, frame.get());
  }

  void write_sound() {
    ToneGenerator tone(content_.tone, -12);
    const int run = audio_.encoder->frame_size;
    const int total = content_.pictures * 48'000 / 30;
    std::vector<std::int16_t> samples(static_cast<std::size_t>(run));
    for (int at = 0; at + run <= total; at += run) {
      tone.fill(samples);
      const Ffmpeg<AVFrame> frame(av_frame_alloc());
      frame->format = audio_.encoder->sample_fmt;
      frame->nb_samples = run;
      frame->sample_rate = 48'000;
      frame->pts = at;
      av_channel_layout_default(&frame->ch_layout, 1);
      ASSERT_GE(av_frame_get_buffer(frame.get(), 0), 0);
      for (int i = 0; i < run; ++i) {
        const std::int16_t sample = samples[static_cast<std::size_t>(i)];
        if (frame->format == AV_SAMPLE_FMT_S16) {
          reinterpret_cast<std::int16_t*>(frame->data[0])[i] = sample;
        } else {  // AAC takes floats
          reinterpret_cast<float*>(frame->data[0])[i] = static_cast<float>(sample) / 32768;
        }
      }
      encode(audio_, frame.get());
    }
    finish(audio_);
  }

  std::string path_;
  TestFile content_;
  AVFormatContext* container_ = nullptr;
  Track video_;
  Track audio_;
};

}  // namespace

void write_test_file(const std::string& path, const TestFile& content) {
  av_log_set_level(AV_LOG_QUIET);
  Writer(path, content).write();
}

}  // namespace tidewire::devices
