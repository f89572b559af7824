#include "codecs/vpx_encoder.h"

#include <algorithm>
#include <string>

#include "codecs/encoding.h"

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
      : codec_(codec), options_(config), times_(config.max_framerate) {
    set_bitrate(config.bitrate);
  }
  VpxEncoder(const VpxEncoder&) = delete;
  VpxEncoder& operator=(const VpxEncoder&) = delete;
  ~VpxEncoder() override { close(); }

  Result<std::optional<EncodedFrame>> encode(const VideoFrame& frame) override;
  void set_bitrate(int bits_per_second) override;
  void request_key_frame() override { key_frame_wanted_ = true; }

 private:
  std::string name() const { return std::string(to_string(codec_.codec)); }
  Result<> open(Size size);
  void configure(Size size);
  void close();
  Result<> apply_bitrate();
  std::optional<EncodedFrame> collect(const VideoFrame& frame);
  Error failure(const char* what);

  VpxEncoding codec_;
  VideoEncoderConfig options_;
  PictureTimes times_;
  vpx_codec_ctx_t context_{};
  vpx_codec_enc_cfg_t config_{};
  bool open_ = false;
  Size size_;
  unsigned kilobits_ = 0;
  bool bitrate_changed_ = false;
  bool key_frame_wanted_ = false;
};

Error VpxEncoder::failure(const char* what) {
  const char* detail = vpx_codec_error_detail(&context_);
  return {ErrorCode::kEncoding, name() + " encoder: " + what + ": " + (detail ? detail : vpx_codec_error(&context_))};
}

void VpxEncoder::set_bitrate(int bits_per_second) {
  const auto kilobits = static_cast<unsigned>(clamp_video_bitrate(bits_per_second) / 1000);
  bitrate_changed_ = bitrate_changed_ || kilobits != kilobits_;
  kilobits_ = kilobits;
}

void VpxEncoder::configure(Size size) {
  config_.g_w = static_cast<unsigned>(size.width);
  config_.g_h = static_cast<unsigned>(size.height);
  config_.g_timebase = {1, kVideoClockRate};
  config_.g_threads = static_cast<unsigned>(encoder_threads(size, options_.threads));
  config_.g_pass = VPX_RC_ONE_PASS;
  config_.g_lag_in_frames = 0;
  config_.g_error_resilient = options_.error_resilient ? VPX_ERROR_RESILIENT_DEFAULT : 0;
  config_.kf_mode = VPX_KF_DISABLED;
  config_.rc_end_usage = VPX_CBR;
  config_.rc_target_bitrate = kilobits_;
  config_.rc_min_quantizer = codec_.min_quantizer;
  config_.rc_max_quantizer = codec_.max_quantizer;
  config_.rc_undershoot_pct = 100;
  config_.rc_overshoot_pct = 15;
  config_.rc_buf_sz = kBuffer;
  config_.rc_buf_initial_sz = kBufferInitial;
  config_.rc_buf_optimal_sz = kBufferOptimal;
  config_.rc_dropframe_thresh = kDropFrameThreshold;
  config_.rc_resize_allowed = 0;
}

Result<> VpxEncoder::open(Size size) {
  close();
  if (vpx_codec_enc_config_default(codec_.interface(), &config_, 0) != VPX_CODEC_OK) return failure("no configuration");
  configure(size);
  if (vpx_codec_enc_init(&context_, codec_.interface(), &config_, 0) != VPX_CODEC_OK) return failure("cannot start");
  open_ = true;
  size_ = size;
  bitrate_changed_ = false;
  times_.restart();
  vpx_codec_control(&context_, VP8E_SET_MAX_INTRA_BITRATE_PCT, max_intra_bitrate_percent(options_.max_framerate));
  codec_.tune(context_, size, static_cast<int>(config_.g_threads));
  return {};
}

void VpxEncoder::close() {
  if (open_) vpx_codec_destroy(&context_);
  open_ = false;
  context_ = {};
}

Result<> VpxEncoder::apply_bitrate() {
  config_.rc_target_bitrate = kilobits_;
  bitrate_changed_ = false;
  if (vpx_codec_enc_config_set(&context_, &config_) != VPX_CODEC_OK) return failure("cannot change the bitrate");
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
  if (!open_ || size != size_) {
    if (auto opened = open(size); !opened) return opened.error();
  } else if (bitrate_changed_) {
    if (auto applied = apply_bitrate(); !applied) return applied.error();
  }
  const vpx_image_t image = image_of(*frame.buffer);
  const auto duration = static_cast<unsigned long>(times_.step());
  const vpx_enc_frame_flags_t flags = key_frame_wanted_ ? VPX_EFLAG_FORCE_KF : 0;
  if (vpx_codec_encode(&context_, &image, times_.next(frame.timestamp), duration, flags, VPX_DL_REALTIME) !=
      VPX_CODEC_OK) {
    const Error error = failure("cannot encode");
    close();  // the next picture starts afresh, with a key frame
    return error;
  }
  return collect(frame);
}

std::optional<EncodedFrame> VpxEncoder::collect(const VideoFrame& frame) {
  std::optional<EncodedFrame> encoded;
  vpx_codec_iter_t position = nullptr;
  while (const vpx_codec_cx_pkt_t* packet = vpx_codec_get_cx_data(&context_, &position)) {
    if (packet->kind != VPX_CODEC_CX_FRAME_PKT || packet->data.frame.sz == 0) continue;
    if (!encoded) {
      encoded = EncodedFrame{.codec = codec_.codec,
                             .rtp_timestamp = static_cast<std::uint32_t>(to_video_clock(frame.timestamp)),
                             .timestamp = frame.timestamp};
    }
    const auto* bytes = static_cast<const std::uint8_t*>(packet->data.frame.buf);
    encoded->payload.insert(encoded->payload.end(), bytes, bytes + packet->data.frame.sz);
    encoded->key_frame = (packet->data.frame.flags & VPX_FRAME_IS_KEY) != 0;
  }
  if (encoded && encoded->key_frame) {
    key_frame_wanted_ = false;
    encoded->width = size_.width;
    encoded->height = size_.height;
  }
  return encoded;
}

}  // namespace

std::unique_ptr<VideoEncoder> make_vpx_encoder(const VpxEncoding& codec, const VideoEncoderConfig& config) {
  return std::make_unique<VpxEncoder>(codec, config);
}

}  // namespace tidewire::codecs
