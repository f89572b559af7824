#include "codecs/vpx_encoder.h"

#include <algorithm>
#include <string>

#include "codecs/encoding.h"
#include "codecs/reference_sizes.h"

namespace tidewire::codecs {

namespace {

// Milliseconds of bitrate that the rate control may be ahead or behind.
constexpr unsigned kBuffer = 1000;
constexpr unsigned kBufferInitial = 500;
constexpr unsigned kBufferOptimal = 600;
constexpr unsigned kDropFrameThreshold = 30;  // percent of the optimal buffer

// A key frame may take half of the optimal buffer: this many percent of an average frame's bits.
unsigned max_intra_bitrate_percent(int framerate) {
  return std::max(300U, kBufferOptimal * static_cast<unsigned>(framerate) / 2 / 10);
}

class VpxEncoder final : public VideoEncoder {
 public:
  VpxEncoder(const VpxEncoding& codec, const VideoEncoderConfig& config)
      : codec_(codec), options_(config), times_(config.max_framerate), layers_(config.scalability_mode) {
    set_rates({config.bitrate, config.max_framerate});
  }
  VpxEncoder(const VpxEncoder&) = delete;
  VpxEncoder& operator=(const VpxEncoder&) = delete;
  ~VpxEncoder() override { close(); }

  Result<std::optional<EncodedFrame>> encode(const VideoFrame& frame) override;
  void set_rates(const VideoRates& rates) override;
  void request_key_frame() override { key_frame_wanted_ = true; }
  void leave_out(Duration time) override { times_.leave_out(time); }

 private:
  std::string name() const { return std::string(to_string(codec_.codec)); }
  Result<> open(Size size);
  void configure(Size size);
  void close();
  Result<> adapt(Size size);
  bool can_scale_to(Size size) const;
  Result<> apply(Size size);
  void limit_key_frames();
  Result<std::optional<EncodedFrame>> collect(const VideoFrame& frame);
  Error failed(const char* what);
  Error failure(const char* what);

  VpxEncoding codec_;
  VideoEncoderConfig options_;
  PictureTimes times_;
  vpx_codec_ctx_t context_{};
  vpx_codec_enc_cfg_t config_{};
  bool open_ = false;
  Size size_;
  ReferenceSizes sizes_;
  LayerSequence layers_;
  int kilobits_ = 0;
  int framerate_ = 0;
  bool rates_changed_ = false;
  bool key_frame_wanted_ = false;
};

Error VpxEncoder::failure(const char* what) {
  const char* detail = vpx_codec_error_detail(&context_);
  return {ErrorCode::kEncoding, name() + " encoder: " + what + ": " + (detail ? detail : vpx_codec_error(&context_))};
}

// What cannot be mended but by a new start, with a key frame.
Error VpxEncoder::failed(const char* what) {
  Error error = failure(what);
  close();
  return error;
}

void VpxEncoder::set_rates(const VideoRates& rates) {
  const int kilobits = clamp_video_bitrate(rates.bitrate) / 1000;
  const int framerate = clamp_framerate(rates.max_framerate);
  rates_changed_ = rates_changed_ || kilobits != kilobits_ || framerate != framerate_;
  kilobits_ = kilobits;
  framerate_ = framerate;
  times_.set_framerate(framerate);
}

void VpxEncoder::configure(Size size) {
  config_.g_w = static_cast<unsigned>(size.width);
  config_.g_h = static_cast<unsigned>(size.height);
  config_.g_timebase = {1, kVideoClockRate};
  config_.g_threads = static_cast<unsigned>(encoder_threads(size, options_.threads));
  config_.g_pass = VPX_RC_ONE_PASS;
  config_.g_lag_in_frames = 0;
  // Layers that may be left out must not have a part in what a decoder learns of probabilities.
  const bool resilient = options_.error_resilient || layers_.mode().layered();
  config_.g_error_resilient = resilient ? VPX_ERROR_RESILIENT_DEFAULT : 0;
  config_.kf_mode = VPX_KF_DISABLED;
  config_.rc_end_usage = VPX_CBR;
  config_.rc_target_bitrate = static_cast<unsigned>(kilobits_);
  config_.rc_min_quantizer = codec_.min_quantizer;
  config_.rc_max_quantizer = codec_.max_quantizer;
  config_.rc_undershoot_pct = 100;
  config_.rc_overshoot_pct = 15;
  config_.rc_buf_sz = kBuffer;
  config_.rc_buf_initial_sz = kBufferInitial;
  config_.rc_buf_optimal_sz = kBufferOptimal;
  config_.rc_dropframe_thresh = kDropFrameThreshold;
  config_.rc_resize_allowed = 0;
  codec_.share(config_, layers_.mode(), kilobits_);
}

Result<> VpxEncoder::open(Size size) {
  close();
  if (vpx_codec_enc_config_default(codec_.interface(), &config_, 0) != VPX_CODEC_OK) return failure("no configuration");
  configure(size);
  if (vpx_codec_enc_init(&context_, codec_.interface(), &config_, 0) != VPX_CODEC_OK) return failure("cannot start");
  open_ = true;
  size_ = size;
  sizes_ = ReferenceSizes(layers_.mode(), size);
  rates_changed_ = false;
  key_frame_wanted_ = true;  // the first picture is one anyway; layers want to know
  times_.restart();
  limit_key_frames();
  codec_.tune(context_, {size, static_cast<int>(config_.g_threads), options_.content_hint == ContentHint::kScreen,
                         options_.denoise && layers_.spatial_layers() == 1, layers_.mode()});
  return {};
}

void VpxEncoder::limit_key_frames() {
  vpx_codec_control(&context_, VP8E_SET_MAX_INTRA_BITRATE_PCT, max_intra_bitrate_percent(framerate_));
}

void VpxEncoder::close() {
  if (open_) vpx_codec_destroy(&context_);
  open_ = false;
  context_ = {};
}

// Makes the encoder fit for pictures of this size, and for the rates that are wanted.
Result<> VpxEncoder::adapt(Size size) {
  if (!open_ || (size != size_ && !can_scale_to(size))) return open(size);
  return size != size_ || rates_changed_ ? apply(size) : Result<>{};
}

// The denoiser compares pictures of one size.
bool VpxEncoder::can_scale_to(Size size) const {
  return codec_.scales_references && !options_.denoise && sizes_.allow(size);
}

Result<> VpxEncoder::apply(Size size) {
  size_ = size;
  config_.g_w = static_cast<unsigned>(size.width);
  config_.g_h = static_cast<unsigned>(size.height);
  config_.rc_target_bitrate = static_cast<unsigned>(kilobits_);
  codec_.share(config_, layers_.mode(), kilobits_);
  rates_changed_ = false;
  if (vpx_codec_enc_config_set(&context_, &config_) != VPX_CODEC_OK) return failed("cannot change its settings");
  limit_key_frames();
  return {};
}

// The library only reads through the pointers, though it has no type that says so.
vpx_image_t image_of(const I420Buffer& picture) {
  vpx_image_t image{};
  const auto width = static_cast<unsigned>(picture.width());
  const auto height = static_cast<unsigned>(picture.height());
  vpx_img_wrap(&image, VPX_IMG_FMT_I420, width, height, 1, const_cast<std::uint8_t*>(picture.y()));
  image.planes[VPX_PLANE_Y] = const_cast<std::uint8_t*>(picture.y());
  image.planes[VPX_PLANE_U] = const_cast<std::uint8_t*>(picture.u());
  image.planes[VPX_PLANE_V] = const_cast<std::uint8_t*>(picture.v());
  image.stride[VPX_PLANE_Y] = picture.stride_y();
  image.stride[VPX_PLANE_U] = image.stride[VPX_PLANE_V] = picture.stride_uv();
  return image;
}

Result<std::optional<EncodedFrame>> VpxEncoder::encode(const VideoFrame& frame) {
  const Size size{frame.width(), frame.height()};
  if (size.width < 1 || size.height < 1 || size.width > codec_.max_side || size.height > codec_.max_side) {
    const std::string side = std::to_string(codec_.max_side);
    return Error{ErrorCode::kRange, name() + " takes pictures from 1x1 to " + side + "x" + side};
  }
  if (!fits_layers(layers_.mode(), size)) {
    return Error{ErrorCode::kRange, "a picture is too small for the layers of " + to_string(layers_.mode())};
  }
  if (auto adapted = adapt(size); !adapted) return adapted.error();
  if (key_frame_wanted_) layers_.restart();
  const vpx_image_t image = image_of(*frame.buffer);
  const auto duration = static_cast<unsigned long>(times_.step());
  const vpx_enc_frame_flags_t flags =
      (key_frame_wanted_ ? VPX_EFLAG_FORCE_KF : 0) | codec_.prepare(context_, layers_, key_frame_wanted_);
  if (vpx_codec_encode(&context_, &image, times_.next(frame.timestamp), duration, flags, VPX_DL_REALTIME) !=
      VPX_CODEC_OK) {
    return failed("cannot encode");
  }
  return collect(frame);
}

Result<std::optional<EncodedFrame>> VpxEncoder::collect(const VideoFrame& frame) {
  EncodedFrame encoded{.codec = codec_.codec,
                       .rtp_timestamp = static_cast<std::uint32_t>(to_video_clock(frame.timestamp)),
                       .timestamp = frame.timestamp};
  vpx_codec_iter_t position = nullptr;
  while (const vpx_codec_cx_pkt_t* packet = vpx_codec_get_cx_data(&context_, &position)) {
    if (packet->kind != VPX_CODEC_CX_FRAME_PKT || packet->data.frame.sz == 0) continue;
    const auto* bytes = static_cast<const std::uint8_t*>(packet->data.frame.buf);
    encoded.payload.insert(encoded.payload.end(), bytes, bytes + packet->data.frame.sz);
    encoded.key_frame |= (packet->data.frame.flags & VPX_FRAME_IS_KEY) != 0;
  }
  if (encoded.payload.empty()) return std::optional<EncodedFrame>{};
  if (encoded.key_frame) {
    key_frame_wanted_ = false;
    layers_.restart();
    sizes_.restart(size_);
  }
  if (encoded.key_frame || sizes_.add(size_)) {
    encoded.width = size_.width;
    encoded.height = size_.height;
  }
  encoded.layers = layers_.describe(encoded.key_frame, size_);
  if (!codec_.measure(encoded.payload, encoded.layers)) return failed("a layer is missing");
  layers_.advance();
  vpx_codec_control(&context_, VP8E_GET_LAST_QUANTIZER, &encoded.quantizer);
  return std::optional(std::move(encoded));
}

}  // namespace

std::unique_ptr<VideoEncoder> make_vpx_encoder(const VpxEncoding& codec, const VideoEncoderConfig& config) {
  return std::make_unique<VpxEncoder>(codec, config);
}

}  // namespace tidewire::codecs
