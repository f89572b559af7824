// AV1 by libaom in its real-time usage: constant bitrate, no look-ahead, key frames only when asked for.
#include "codecs/av1_encoder.h"

#include <aom/aom_encoder.h>
#include <aom/aomcx.h>

#include <string>

#include "codecs/av1_obu.h"
#include "codecs/encoding.h"

namespace tidewire::codecs {

namespace {

// Of the 0–63 range: 10 leaves bits for the frames to come in still scenes, 56 keeps faces recognisable (frames are
// skipped instead).
constexpr unsigned kMinQuantizer = 10;
constexpr unsigned kMaxQuantizer = 56;
// Milliseconds of bitrate that the rate control may be ahead or behind.
constexpr unsigned kBuffer = 1000;
constexpr unsigned kBufferInitial = 600;
constexpr unsigned kBufferOptimal = 600;
constexpr unsigned kDropFrameThreshold = 30;  // percent of the optimal buffer
constexpr unsigned kMaxIntraPercent = 300;    // a key frame's bits, of an average frame's
constexpr int kMaxSide = 16'384;              // level 6: more than the libraries are asked for

// Real time is 5 to 10. What is small can afford the better search.
int cpu_used(Size size) { return size.pixels() < 640 * 360 ? 9 : 10; }

// Columns are what threads share a picture by; the library takes the logarithm.
int tile_columns(int threads) { return threads >= 4 ? 2 : threads >= 2 ? 1 : 0; }

class Av1Encoder final : public VideoEncoder {
 public:
  explicit Av1Encoder(const VideoEncoderConfig& config) : options_(config), times_(config.max_framerate) {
    set_bitrate(config.bitrate);
  }
  Av1Encoder(const Av1Encoder&) = delete;
  Av1Encoder& operator=(const Av1Encoder&) = delete;
  ~Av1Encoder() override { close(); }

  Result<std::optional<EncodedFrame>> encode(const VideoFrame& frame) override;
  void set_bitrate(int bits_per_second) override;
  void request_key_frame() override { key_frame_wanted_ = true; }

 private:
  Result<> open(Size size);
  void configure(Size size);
  void tune(Size size);
  void close();
  Result<> apply_bitrate();
  std::optional<EncodedFrame> collect(const VideoFrame& frame);
  Error failure(const char* what);

  VideoEncoderConfig options_;
  PictureTimes times_;
  aom_codec_ctx_t context_{};
  aom_codec_enc_cfg_t config_{};
  bool open_ = false;
  Size size_;
  unsigned kilobits_ = 0;
  bool bitrate_changed_ = false;
  bool key_frame_wanted_ = false;
};

Error Av1Encoder::failure(const char* what) {
  const char* detail = aom_codec_error_detail(&context_);
  return {ErrorCode::kEncoding,
          std::string("AV1 encoder: ") + what + ": " + (detail ? detail : aom_codec_error(&context_))};
}

void Av1Encoder::set_bitrate(int bits_per_second) {
  const auto kilobits = static_cast<unsigned>(clamp_video_bitrate(bits_per_second) / 1000);
  bitrate_changed_ = bitrate_changed_ || kilobits != kilobits_;
  kilobits_ = kilobits;
}

void Av1Encoder::configure(Size size) {
  config_.g_w = static_cast<unsigned>(size.width);
  config_.g_h = static_cast<unsigned>(size.height);
  config_.g_timebase = {1, kVideoClockRate};
  config_.g_threads = static_cast<unsigned>(encoder_threads(size, options_.threads));
  config_.g_pass = AOM_RC_ONE_PASS;
  config_.g_lag_in_frames = 0;
  config_.g_error_resilient = options_.error_resilient ? AOM_ERROR_RESILIENT_DEFAULT : 0;
  config_.kf_mode = AOM_KF_DISABLED;
  config_.rc_end_usage = AOM_CBR;
  config_.rc_target_bitrate = kilobits_;
  config_.rc_min_quantizer = kMinQuantizer;
  config_.rc_max_quantizer = kMaxQuantizer;
  config_.rc_undershoot_pct = 50;
  config_.rc_overshoot_pct = 50;
  config_.rc_buf_sz = kBuffer;
  config_.rc_buf_initial_sz = kBufferInitial;
  config_.rc_buf_optimal_sz = kBufferOptimal;
  config_.rc_dropframe_thresh = kDropFrameThreshold;
  config_.rc_resize_mode = 0;
}

// Leaves out the tools whose search costs more time than their bits are worth in a call.
void Av1Encoder::tune(Size size) {
  aom_codec_control(&context_, AOME_SET_CPUUSED, cpu_used(size));
  aom_codec_control(&context_, AOME_SET_MAX_INTRA_BITRATE_PCT, kMaxIntraPercent);
  aom_codec_control(&context_, AV1E_SET_AQ_MODE, 3U);  // refreshes a part of each picture, cyclically
  aom_codec_control(&context_, AV1E_SET_ROW_MT, 1U);
  aom_codec_control(&context_, AV1E_SET_TILE_COLUMNS,
                    static_cast<unsigned>(tile_columns(static_cast<int>(config_.g_threads))));
  aom_codec_control(&context_, AV1E_SET_ENABLE_TPL_MODEL, 0U);
  aom_codec_control(&context_, AV1E_SET_DELTAQ_MODE, 0U);
  aom_codec_control(&context_, AV1E_SET_ENABLE_ORDER_HINT, 0);
  aom_codec_control(&context_, AV1E_SET_ENABLE_OBMC, 0U);
  aom_codec_control(&context_, AV1E_SET_ENABLE_WARPED_MOTION, 0);
  aom_codec_control(&context_, AV1E_SET_ENABLE_GLOBAL_MOTION, 0);
  aom_codec_control(&context_, AV1E_SET_ENABLE_REF_FRAME_MVS, 0);
  aom_codec_control(&context_, AV1E_SET_ENABLE_PALETTE, 0);
  aom_codec_control(&context_, AV1E_SET_ENABLE_CFL_INTRA, 0);
  aom_codec_control(&context_, AV1E_SET_ENABLE_SMOOTH_INTRA, 0);
  aom_codec_control(&context_, AV1E_SET_ENABLE_ANGLE_DELTA, 0);
  aom_codec_control(&context_, AV1E_SET_ENABLE_FILTER_INTRA, 0);
  aom_codec_control(&context_, AV1E_SET_INTRA_DEFAULT_TX_ONLY, 1);
  aom_codec_control(&context_, AV1E_SET_CDF_UPDATE_MODE, 1U);
  aom_codec_control(&context_, AV1E_SET_COEFF_COST_UPD_FREQ, 3U);
  aom_codec_control(&context_, AV1E_SET_MODE_COST_UPD_FREQ, 3U);
  aom_codec_control(&context_, AV1E_SET_MV_COST_UPD_FREQ, 3U);
}

Result<> Av1Encoder::open(Size size) {
  close();
  if (aom_codec_enc_config_default(aom_codec_av1_cx(), &config_, AOM_USAGE_REALTIME) != AOM_CODEC_OK) {
    return failure("no configuration");
  }
  configure(size);
  if (aom_codec_enc_init(&context_, aom_codec_av1_cx(), &config_, 0) != AOM_CODEC_OK) return failure("cannot start");
  open_ = true;
  size_ = size;
  bitrate_changed_ = false;
  times_.restart();
  tune(size);
  return {};
}

void Av1Encoder::close() {
  if (open_) aom_codec_destroy(&context_);
  open_ = false;
  context_ = {};
}

Result<> Av1Encoder::apply_bitrate() {
  config_.rc_target_bitrate = kilobits_;
  bitrate_changed_ = false;
  if (aom_codec_enc_config_set(&context_, &config_) != AOM_CODEC_OK) return failure("cannot change the bitrate");
  return {};
}

// The library only reads through the pointers, though it has no type that says so.
aom_image_t image_of(const I420Buffer& picture) {
  aom_image_t image{};
  const auto width = static_cast<unsigned>(picture.width());
  const auto height = static_cast<unsigned>(picture.height());
  aom_img_wrap(&image, AOM_IMG_FMT_I420, width, height, 1, const_cast<std::uint8_t*>(picture.y()));
  image.planes[AOM_PLANE_Y] = const_cast<std::uint8_t*>(picture.y());
  image.planes[AOM_PLANE_U] = const_cast<std::uint8_t*>(picture.u());
  image.planes[AOM_PLANE_V] = const_cast<std::uint8_t*>(picture.v());
  image.stride[AOM_PLANE_Y] = picture.stride_y();
  image.stride[AOM_PLANE_U] = image.stride[AOM_PLANE_V] = picture.stride_uv();
  return image;
}

Result<std::optional<EncodedFrame>> Av1Encoder::encode(const VideoFrame& frame) {
  const Size size{frame.width(), frame.height()};
  if (size.width < 1 || size.height < 1 || size.width > kMaxSide || size.height > kMaxSide) {
    return Error{ErrorCode::kRange, "AV1 takes pictures from 1x1 to 16384x16384"};
  }
  if (!open_ || size != size_) {
    if (auto opened = open(size); !opened) return opened.error();
  } else if (bitrate_changed_) {
    if (auto applied = apply_bitrate(); !applied) return applied.error();
  }
  const aom_image_t image = image_of(*frame.buffer);
  const auto duration = static_cast<unsigned long>(times_.step());
  const aom_enc_frame_flags_t flags = key_frame_wanted_ ? AOM_EFLAG_FORCE_KF : 0;
  if (aom_codec_encode(&context_, &image, times_.next(frame.timestamp), duration, flags) != AOM_CODEC_OK) {
    const Error error = failure("cannot encode");
    close();  // the next picture starts afresh, with a key frame
    return error;
  }
  return collect(frame);
}

std::optional<EncodedFrame> Av1Encoder::collect(const VideoFrame& frame) {
  EncodedFrame encoded{.codec = CodecType::kAv1,
                       .rtp_timestamp = static_cast<std::uint32_t>(to_video_clock(frame.timestamp)),
                       .timestamp = frame.timestamp};
  aom_codec_iter_t position = nullptr;
  while (const aom_codec_cx_pkt_t* packet = aom_codec_get_cx_data(&context_, &position)) {
    if (packet->kind != AOM_CODEC_CX_FRAME_PKT) continue;
    const auto obus = split_obus({static_cast<const std::uint8_t*>(packet->data.frame.buf), packet->data.frame.sz});
    if (!obus) continue;
    for (const Obu& obu : *obus) {
      // RTP's timestamps and markers say what the delimiter says.
      if (obu.type == ObuType::kTemporalDelimiter) continue;
      encoded.payload.insert(encoded.payload.end(), obu.bytes.begin(), obu.bytes.end());
    }
    encoded.key_frame = (packet->data.frame.flags & AOM_FRAME_IS_KEY) != 0;
  }
  if (encoded.payload.empty()) return std::nullopt;
  if (encoded.key_frame) {
    key_frame_wanted_ = false;
    encoded.width = size_.width;
    encoded.height = size_.height;
  }
  return encoded;
}

}  // namespace

std::unique_ptr<VideoEncoder> make_av1_encoder(const VideoEncoderConfig& config) {
  return std::make_unique<Av1Encoder>(config);
}

}  // namespace tidewire::codecs
