// VP8 (RFC 6386) by libvpx: constant bitrate, no look-ahead, key frames only when asked for.
//
// Where a number is no default of libvpx, it is the one that browsers use for calls, so that a native peer reacts to
// the network as its counterpart does.
#include "codecs/vp8_encoder.h"

#include <vpx/vp8cx.h>
#include <vpx/vpx_encoder.h>

#include <algorithm>
#include <string>
#include <thread>

namespace tidewire::codecs {

namespace {

constexpr int kClockRate = 90'000;  // RFC 7741 §4.1
constexpr int kMinBitrate = 30'000;
constexpr int kMaxBitrate = 50'000'000;
// Of the 0–63 range: 2 leaves bits for the frames to come in still scenes, 56 keeps faces recognisable (frames
// are skipped instead).
constexpr unsigned kMinQuantizer = 2;
constexpr unsigned kMaxQuantizer = 56;
// Milliseconds of bitrate that the rate control may be ahead or behind.
constexpr unsigned kBuffer = 1000;
constexpr unsigned kBufferInitial = 500;
constexpr unsigned kBufferOptimal = 600;
constexpr unsigned kDropFrameThreshold = 30;  // percent of the optimal buffer

struct Size {
  int width = 0;
  int height = 0;
  friend bool operator==(const Size&, const Size&) = default;
  int pixels() const { return width * height; }
};

// Speed -1 (best) … -16 (fastest). Small pictures can afford more search; from VGA on a laptop core needs the speed.
int cpu_used(Size size) { return size.pixels() < 352 * 288 ? -6 : size.pixels() < 640 * 480 ? -7 : -8; }

// Threads of libvpx spin while they wait for each other: on a machine whose cores are taken, two are eight times
// slower than one, which needs 12 ms for 720p. So a second one needs cores to spare.
int threads_for(Size size, int wanted) {
  if (wanted > 0) return wanted;
  return size.pixels() >= 1280 * 720 && std::thread::hardware_concurrency() >= 4 ? 2 : 1;
}

// A key frame may take half of the optimal buffer: this many percent of an average frame's bits.
unsigned max_intra_bitrate_percent(int framerate) {
  return std::max(300U, kBufferOptimal * static_cast<unsigned>(framerate) / 2 / 10);
}

std::int64_t to_rtp_clock(Timestamp t) {
  // Seconds and the rest apart: nanoseconds times 90,000 would overflow after 28 hours.
  const auto ns = t.time_since_epoch().count();
  return ns / 1'000'000'000 * kClockRate + ns % 1'000'000'000 * kClockRate / 1'000'000'000;
}

class Vp8Encoder final : public VideoEncoder {
 public:
  explicit Vp8Encoder(const VideoEncoderConfig& config) : options_(config) { set_bitrate(config.bitrate); }
  Vp8Encoder(const Vp8Encoder&) = delete;
  Vp8Encoder& operator=(const Vp8Encoder&) = delete;
  ~Vp8Encoder() override { close(); }

  Result<std::optional<EncodedFrame>> encode(const VideoFrame& frame) override;
  void set_bitrate(int bits_per_second) override;
  void request_key_frame() override { key_frame_wanted_ = true; }

 private:
  Result<> open(Size size);
  void close();
  Result<> apply_bitrate();
  std::int64_t next_pts(Timestamp timestamp);
  std::optional<EncodedFrame> collect(const VideoFrame& frame);
  Error failure(const char* what);

  VideoEncoderConfig options_;
  vpx_codec_ctx_t context_{};
  vpx_codec_enc_cfg_t config_{};
  bool open_ = false;
  Size size_;
  unsigned kilobits_ = 0;
  bool bitrate_changed_ = false;
  bool key_frame_wanted_ = false;
  std::int64_t first_pts_ = 0;
  std::int64_t last_pts_ = -1;
};

Error Vp8Encoder::failure(const char* what) {
  const char* detail = vpx_codec_error_detail(&context_);
  return {ErrorCode::kEncoding,
          std::string("VP8 encoder: ") + what + ": " + (detail ? detail : vpx_codec_error(&context_))};
}

void Vp8Encoder::set_bitrate(int bits_per_second) {
  const auto kilobits = static_cast<unsigned>(std::clamp(bits_per_second, kMinBitrate, kMaxBitrate) / 1000);
  bitrate_changed_ = bitrate_changed_ || kilobits != kilobits_;
  kilobits_ = kilobits;
}

Result<> Vp8Encoder::open(Size size) {
  close();
  if (vpx_codec_enc_config_default(vpx_codec_vp8_cx(), &config_, 0) != VPX_CODEC_OK) return failure("no configuration");
  config_.g_w = static_cast<unsigned>(size.width);
  config_.g_h = static_cast<unsigned>(size.height);
  config_.g_timebase = {1, kClockRate};
  config_.g_threads = static_cast<unsigned>(threads_for(size, options_.threads));
  config_.g_pass = VPX_RC_ONE_PASS;
  config_.g_lag_in_frames = 0;
  config_.g_error_resilient = options_.error_resilient ? VPX_ERROR_RESILIENT_DEFAULT : 0;
  config_.kf_mode = VPX_KF_DISABLED;
  config_.rc_end_usage = VPX_CBR;
  config_.rc_target_bitrate = kilobits_;
  config_.rc_min_quantizer = kMinQuantizer;
  config_.rc_max_quantizer = kMaxQuantizer;
  config_.rc_undershoot_pct = 100;
  config_.rc_overshoot_pct = 15;
  config_.rc_buf_sz = kBuffer;
  config_.rc_buf_initial_sz = kBufferInitial;
  config_.rc_buf_optimal_sz = kBufferOptimal;
  config_.rc_dropframe_thresh = kDropFrameThreshold;
  config_.rc_resize_allowed = 0;
  if (vpx_codec_enc_init(&context_, vpx_codec_vp8_cx(), &config_, 0) != VPX_CODEC_OK) return failure("cannot start");
  open_ = true;
  size_ = size;
  bitrate_changed_ = false;
  last_pts_ = -1;
  vpx_codec_control(&context_, VP8E_SET_CPUUSED, cpu_used(size));
  vpx_codec_control(&context_, VP8E_SET_NOISE_SENSITIVITY, 0U);
  vpx_codec_control(&context_, VP8E_SET_STATIC_THRESHOLD, 1U);
  vpx_codec_control(&context_, VP8E_SET_TOKEN_PARTITIONS, static_cast<int>(VP8_ONE_TOKENPARTITION));
  vpx_codec_control(&context_, VP8E_SET_MAX_INTRA_BITRATE_PCT, max_intra_bitrate_percent(options_.max_framerate));
  return {};
}

void Vp8Encoder::close() {
  if (open_) vpx_codec_destroy(&context_);
  open_ = false;
  context_ = {};
}

Result<> Vp8Encoder::apply_bitrate() {
  config_.rc_target_bitrate = kilobits_;
  bitrate_changed_ = false;
  if (vpx_codec_enc_config_set(&context_, &config_) != VPX_CODEC_OK) return failure("cannot change the bitrate");
  return {};
}

// libvpx wants times that only go up, and reads the frame rate from them.
std::int64_t Vp8Encoder::next_pts(Timestamp timestamp) {
  const std::int64_t absolute = to_rtp_clock(timestamp);
  if (last_pts_ < 0) first_pts_ = absolute;
  std::int64_t pts = absolute - first_pts_;
  if (pts <= last_pts_) pts = last_pts_ + kClockRate / options_.max_framerate;
  last_pts_ = pts;
  return pts;
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

Result<std::optional<EncodedFrame>> Vp8Encoder::encode(const VideoFrame& frame) {
  const Size size{frame.width(), frame.height()};
  // RFC 6386 §9.1: width and height have 14 bits.
  if (size.width < 1 || size.height < 1 || size.width > 16383 || size.height > 16383) {
    return Error{ErrorCode::kRange, "VP8 takes pictures from 1x1 to 16383x16383"};
  }
  if (!open_ || size != size_) {
    if (auto opened = open(size); !opened) return opened.error();
  } else if (bitrate_changed_) {
    if (auto applied = apply_bitrate(); !applied) return applied.error();
  }
  const vpx_image_t image = image_of(*frame.buffer);
  const auto duration = static_cast<unsigned long>(kClockRate / options_.max_framerate);
  const vpx_enc_frame_flags_t flags = key_frame_wanted_ ? VPX_EFLAG_FORCE_KF : 0;
  if (vpx_codec_encode(&context_, &image, next_pts(frame.timestamp), duration, flags, VPX_DL_REALTIME) !=
      VPX_CODEC_OK) {
    const Error error = failure("cannot encode");
    close();  // the next picture starts afresh, with a key frame
    return error;
  }
  return collect(frame);
}

std::optional<EncodedFrame> Vp8Encoder::collect(const VideoFrame& frame) {
  std::optional<EncodedFrame> encoded;
  vpx_codec_iter_t position = nullptr;
  while (const vpx_codec_cx_pkt_t* packet = vpx_codec_get_cx_data(&context_, &position)) {
    if (packet->kind != VPX_CODEC_CX_FRAME_PKT || packet->data.frame.sz == 0) continue;
    if (!encoded) {
      encoded = EncodedFrame{.codec = CodecType::kVp8,
                             .rtp_timestamp = static_cast<std::uint32_t>(to_rtp_clock(frame.timestamp)),
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

std::unique_ptr<VideoEncoder> make_vp8_encoder(const VideoEncoderConfig& config) {
  return std::make_unique<Vp8Encoder>(config);
}

}  // namespace tidewire::codecs
