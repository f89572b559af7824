#include "devices/media_convert.h"

#include <algorithm>

extern "C" {
#include <libavutil/channel_layout.h>
}

namespace tidewire::devices {

namespace {

constexpr int kRate = 48'000;

struct Size {
  int width;
  int height;
};

Size fit(const AVFrame& frame, int max_width, int max_height) {
  std::int64_t width = frame.width;
  const std::int64_t height = frame.height;
  // Pixels need not be square in a file; ours are.
  const AVRational shape = frame.sample_aspect_ratio;
  if (shape.num > 0 && shape.den > 0) width = std::clamp<std::int64_t>(width * shape.num / shape.den, 2, 1 << 14);
  if (width <= max_width && height <= max_height) return {static_cast<int>(width), static_cast<int>(height)};
  const bool wide = width * max_height > height * max_width;
  const std::int64_t w = wide ? max_width : width * max_height / height;
  const std::int64_t h = wide ? height * max_width / width : max_height;
  return {std::max(2, static_cast<int>(w) & ~1), std::max(2, static_cast<int>(h) & ~1)};
}

bool is_ours(const AVFrame& frame) {
  const bool matrix = frame.colorspace == AVCOL_SPC_UNSPECIFIED || frame.colorspace == AVCOL_SPC_BT470BG ||
                      frame.colorspace == AVCOL_SPC_SMPTE170M;
  return frame.format == AV_PIX_FMT_YUV420P && matrix && frame.color_range != AVCOL_RANGE_JPEG;
}

void copy_plane(const std::uint8_t* from, int from_stride, std::uint8_t* to, int to_stride, int width, int height) {
  for (int row = 0; row < height; ++row) {
    std::copy_n(from + std::ptrdiff_t{row} * from_stride, width, to + std::ptrdiff_t{row} * to_stride);
  }
}

std::shared_ptr<const I420Buffer> copy_of(const AVFrame& frame) {
  auto picture = std::make_shared<I420Buffer>(frame.width, frame.height);
  const int width = picture->chroma_width();
  const int height = picture->chroma_height();
  copy_plane(frame.data[0], frame.linesize[0], picture->y(), picture->stride_y(), frame.width, frame.height);
  copy_plane(frame.data[1], frame.linesize[1], picture->u(), picture->stride_uv(), width, height);
  copy_plane(frame.data[2], frame.linesize[2], picture->v(), picture->stride_uv(), width, height);
  return picture;
}

}  // namespace

std::shared_ptr<const I420Buffer> PictureConverter::convert(const AVFrame& frame) {
  if (frame.width < 1 || frame.height < 1) return nullptr;
  const Size size = fit(frame, max_width_, max_height_);
  if (is_ours(frame) && size.width == frame.width && size.height == frame.height) return copy_of(frame);
  if (!prepare(frame, size.width, size.height)) return nullptr;
  const int rows =
      sws_scale(scaler_.get(), frame.data, frame.linesize, 0, frame.height, scaled_->data, scaled_->linesize);
  return rows > 0 ? copy_of(*scaled_) : nullptr;
}

bool PictureConverter::prepare(const AVFrame& frame, int width, int height) {
  scaler_.reset(sws_getCachedContext(scaler_.release(), frame.width, frame.height,
                                     static_cast<AVPixelFormat>(frame.format), width, height, AV_PIX_FMT_YUV420P,
                                     SWS_BILINEAR, nullptr, nullptr, nullptr));
  if (!scaler_) return false;
  const int matrix = frame.colorspace == AVCOL_SPC_UNSPECIFIED ? SWS_CS_ITU601 : frame.colorspace;
  const bool full_range = frame.color_range == AVCOL_RANGE_JPEG;
  // VP8 knows BT.601 in studio range only (RFC 6386 §9.2), which is what I420Buffer promises too.
  sws_setColorspaceDetails(scaler_.get(), sws_getCoefficients(matrix), full_range ? 1 : 0,
                           sws_getCoefficients(SWS_CS_ITU601), 0, 0, 1 << 16, 1 << 16);
  if (scaled_ && scaled_->width == width && scaled_->height == height) return true;
  // swscale writes whole vectors: it needs rows with padding, which an I420Buffer has not.
  scaled_.reset(av_frame_alloc());
  scaled_->format = AV_PIX_FMT_YUV420P;
  scaled_->width = width;
  scaled_->height = height;
  return av_frame_get_buffer(scaled_.get(), 0) >= 0;
}

bool SoundConverter::prepare(const AVFrame& frame) {
  if (resampler_ && rate_ == frame.sample_rate && format_ == frame.format &&
      input_channels_ == frame.ch_layout.nb_channels) {
    return true;
  }
  AVChannelLayout output{};
  av_channel_layout_default(&output, channels_);
  AVChannelLayout input{};
  if (frame.ch_layout.order == AV_CHANNEL_ORDER_UNSPEC) {
    av_channel_layout_default(&input, frame.ch_layout.nb_channels);
  } else if (av_channel_layout_copy(&input, &frame.ch_layout) < 0) {
    return false;
  }
  SwrContext* raw = nullptr;
  swr_alloc_set_opts2(&raw, &output, AV_SAMPLE_FMT_S16, kRate, &input, static_cast<AVSampleFormat>(frame.format),
                      frame.sample_rate, 0, nullptr);
  av_channel_layout_uninit(&input);
  resampler_.reset(raw);
  // A mono recording is as loud from two speakers as it is in the file: not 3 dB softer, as for a centre channel.
  constexpr double kToBoth[] = {1, 1};
  if (raw != nullptr && frame.ch_layout.nb_channels == 1 && channels_ == 2) swr_set_matrix(raw, kToBoth, 1);
  if (!resampler_ || swr_init(raw) < 0) return resampler_.reset(), false;
  rate_ = frame.sample_rate;
  format_ = frame.format;
  input_channels_ = frame.ch_layout.nb_channels;
  return true;
}

void SoundConverter::run(const AVFrame* frame, std::vector<std::int16_t>& samples) {
  const int room = swr_get_out_samples(resampler_.get(), frame ? frame->nb_samples : 0);
  if (room <= 0) return;
  const std::size_t before = samples.size();
  samples.resize(before + static_cast<std::size_t>(room * channels_));
  auto* output = reinterpret_cast<std::uint8_t*>(samples.data() + before);
  const auto** input = frame ? const_cast<const std::uint8_t**>(frame->extended_data) : nullptr;
  const int made = swr_convert(resampler_.get(), &output, room, input, frame ? frame->nb_samples : 0);
  samples.resize(before + static_cast<std::size_t>(std::max(made, 0) * channels_));
}

void SoundConverter::convert(const AVFrame& frame, std::vector<std::int16_t>& samples) {
  if (prepare(frame)) run(&frame, samples);
}

void SoundConverter::flush(std::vector<std::int16_t>& samples) {
  if (resampler_) run(nullptr, samples);
  resampler_.reset();
}

}  // namespace tidewire::devices
