// AV1 by libaom in its real-time usage: constant bitrate, no look-ahead, key frames only when asked for.
#include "codecs/av1_encoder.h"

#include <aom/aom_encoder.h>
#include <aom/aomcx.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string>

#include "codecs/av1_obu.h"
#include "codecs/encoding.h"
#include "codecs/layer_sequence.h"
#include "codecs/reference_sizes.h"

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
  explicit Av1Encoder(const VideoEncoderConfig& config)
      : options_(config), times_(config.max_framerate), layers_(config.scalability_mode) {
    set_rates({config.bitrate, config.max_framerate});
  }
  Av1Encoder(const Av1Encoder&) = delete;
  Av1Encoder& operator=(const Av1Encoder&) = delete;
  ~Av1Encoder() override { close(); }

  Result<std::optional<EncodedFrame>> encode(const VideoFrame& frame) override;
  void set_rates(const VideoRates& rates) override;
  void request_key_frame() override { key_frame_wanted_ = true; }
  void leave_out(Duration time) override { times_.leave_out(time); }

 private:
  Result<> open(Size size);
  void configure(Size size);
  void tune(Size size);
  void tune_for_content();
  void share();
  void close();
  Result<> adapt(Size size);
  Result<> apply(Size size);
  void prepare(int spatial);
  // One spatial layer of the picture; how many bytes it added.
  Result<std::size_t> encode_layer(int spatial, const aom_image_t& image, std::int64_t time, EncodedFrame& encoded);
  std::size_t collect(EncodedFrame& encoded);
  void finish(EncodedFrame& encoded);
  bool screen() const { return options_.content_hint == ContentHint::kScreen; }
  Error failure(const char* what);
  Error failed(const char* what);

  VideoEncoderConfig options_;
  PictureTimes times_;
  aom_codec_ctx_t context_{};
  aom_codec_enc_cfg_t config_{};
  bool open_ = false;
  Size size_;
  ReferenceSizes sizes_;
  LayerSequence layers_;
  int kilobits_ = 0;
  int framerate_ = 0;
  bool rates_changed_ = false;
  bool key_frame_wanted_ = false;
};

Error Av1Encoder::failure(const char* what) {
  const char* detail = aom_codec_error_detail(&context_);
  return {ErrorCode::kEncoding,
          std::string("AV1 encoder: ") + what + ": " + (detail ? detail : aom_codec_error(&context_))};
}

// What cannot be mended but by a new start, with a key frame.
Error Av1Encoder::failed(const char* what) {
  Error error = failure(what);
  close();
  return error;
}

void Av1Encoder::set_rates(const VideoRates& rates) {
  const int kilobits = clamp_video_bitrate(rates.bitrate) / 1000;
  const int framerate = clamp_framerate(rates.max_framerate);
  rates_changed_ = rates_changed_ || kilobits != kilobits_ || framerate != framerate_;
  kilobits_ = kilobits;
  framerate_ = framerate;
  times_.set_framerate(framerate);
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
  config_.rc_target_bitrate = static_cast<unsigned>(kilobits_);
  config_.rc_min_quantizer = kMinQuantizer;
  config_.rc_max_quantizer = kMaxQuantizer;
  config_.rc_undershoot_pct = 50;
  config_.rc_overshoot_pct = 50;
  config_.rc_buf_sz = kBuffer;
  config_.rc_buf_initial_sz = kBufferInitial;
  config_.rc_buf_optimal_sz = kBufferOptimal;
  // The library would skip spatial layers one by one, and leave those above without what they are predicted from.
  config_.rc_dropframe_thresh = layers_.spatial_layers() > 1 ? 0 : kDropFrameThreshold;
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
  aom_codec_control(&context_, AV1E_SET_ENABLE_CFL_INTRA, 0);
  aom_codec_control(&context_, AV1E_SET_ENABLE_SMOOTH_INTRA, 0);
  aom_codec_control(&context_, AV1E_SET_ENABLE_ANGLE_DELTA, 0);
  aom_codec_control(&context_, AV1E_SET_ENABLE_FILTER_INTRA, 0);
  aom_codec_control(&context_, AV1E_SET_INTRA_DEFAULT_TX_ONLY, 1);
  aom_codec_control(&context_, AV1E_SET_CDF_UPDATE_MODE, 1U);
  aom_codec_control(&context_, AV1E_SET_COEFF_COST_UPD_FREQ, 3U);
  aom_codec_control(&context_, AV1E_SET_MODE_COST_UPD_FREQ, 3U);
  aom_codec_control(&context_, AV1E_SET_MV_COST_UPD_FREQ, 3U);
  tune_for_content();
  if (layers_.mode().layered()) share();
}

// Pages repeat few colours, and themselves.
void Av1Encoder::tune_for_content() {
  const auto content = screen() ? AOM_CONTENT_SCREEN : AOM_CONTENT_DEFAULT;
  aom_codec_control(&context_, AV1E_SET_TUNE_CONTENT, static_cast<int>(content));
  aom_codec_control(&context_, AV1E_SET_ENABLE_PALETTE, screen() ? 1 : 0);
  aom_codec_control(&context_, AV1E_SET_ENABLE_INTRABC, screen() ? 1 : 0);
  const bool denoise = options_.denoise && layers_.spatial_layers() == 1;
  aom_codec_control(&context_, AV1E_SET_NOISE_SENSITIVITY, denoise ? 1U : 0U);
}

// Shares the bitrate among the layers.
void Av1Encoder::share() {
  const ScalabilityMode mode = layers_.mode();
  aom_svc_params_t wanted{};
  wanted.number_spatial_layers = mode.spatial_layers;
  wanted.number_temporal_layers = mode.temporal_layers;
  for (int t = 0; t < mode.temporal_layers; ++t) wanted.framerate_factor[t] = rate_divisor(mode, t);
  for (int s = 0; s < mode.spatial_layers; ++s) {
    wanted.scaling_factor_num[s] = 1;
    wanted.scaling_factor_den[s] = 1 << (mode.spatial_layers - 1 - s);
    for (int t = 0; t < mode.temporal_layers; ++t) {
      const int layer = s * mode.temporal_layers + t;
      wanted.min_quantizers[layer] = static_cast<int>(kMinQuantizer);
      wanted.max_quantizers[layer] = static_cast<int>(kMaxQuantizer);
      wanted.layer_target_bitrate[layer] = std::max(layer_bitrate(mode, s, t, kilobits_), 1);
    }
  }
  aom_codec_control(&context_, AV1E_SET_SVC_PARAMS, &wanted);
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
  sizes_ = ReferenceSizes(layers_.mode(), size);
  rates_changed_ = false;
  key_frame_wanted_ = true;  // the first picture is one anyway; layers want to know
  times_.restart();
  tune(size);
  return {};
}

void Av1Encoder::close() {
  if (open_) aom_codec_destroy(&context_);
  open_ = false;
  context_ = {};
}

// Makes the encoder fit for pictures of this size, and for the rates that are wanted.
Result<> Av1Encoder::adapt(Size size) {
  // The denoiser compares pictures of one size.
  if (!open_ || (size != size_ && (options_.denoise || !sizes_.allow(size)))) return open(size);
  return size != size_ || rates_changed_ ? apply(size) : Result<>{};
}

Result<> Av1Encoder::apply(Size size) {
  size_ = size;
  config_.g_w = static_cast<unsigned>(size.width);
  config_.g_h = static_cast<unsigned>(size.height);
  config_.rc_target_bitrate = static_cast<unsigned>(kilobits_);
  rates_changed_ = false;
  if (aom_codec_enc_config_set(&context_, &config_) != AOM_CODEC_OK) return failed("cannot change its settings");
  if (layers_.mode().layered()) share();
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
  if (!fits_layers(layers_.mode(), size)) {
    return Error{ErrorCode::kRange, "a picture is too small for the layers of " + to_string(layers_.mode())};
  }
  if (auto adapted = adapt(size); !adapted) return adapted.error();
  if (key_frame_wanted_) layers_.restart();
  EncodedFrame encoded{.codec = CodecType::kAv1,
                       .rtp_timestamp = static_cast<std::uint32_t>(to_video_clock(frame.timestamp)),
                       .timestamp = frame.timestamp};
  const aom_image_t image = image_of(*frame.buffer);
  const std::int64_t time = times_.next(frame.timestamp);
  std::array<std::size_t, ScalabilityMode::kMaxSpatialLayers> sizes{};
  for (int spatial = 0; spatial < layers_.spatial_layers(); ++spatial) {
    const auto size_of_layer = encode_layer(spatial, image, time, encoded);
    if (!size_of_layer) return size_of_layer.error();
    if (*size_of_layer == 0 && spatial > 0) return failed("a layer is missing");
    if (*size_of_layer == 0) return std::optional<EncodedFrame>{};
    sizes[static_cast<std::size_t>(spatial)] = *size_of_layer;
  }
  finish(encoded);
  for (std::size_t i = 0; i < encoded.layers.count; ++i) encoded.layers.frames[i].size = sizes[i];
  return std::optional(std::move(encoded));
}

Result<std::size_t> Av1Encoder::encode_layer(int spatial, const aom_image_t& image, std::int64_t time,
                                             EncodedFrame& encoded) {
  if (layers_.mode().layered()) prepare(spatial);
  const auto duration = static_cast<unsigned long>(times_.step());
  const aom_enc_frame_flags_t flags = key_frame_wanted_ && spatial == 0 ? AOM_EFLAG_FORCE_KF : 0;
  if (aom_codec_encode(&context_, &image, time, duration, flags) != AOM_CODEC_OK) return failed("cannot encode");
  return collect(encoded);
}

// Tells the library what a layer refers to. All seven references have to point to something that the decoder has.
void Av1Encoder::prepare(int spatial) {
  constexpr int kLast = 0;
  constexpr int kGolden = 3;
  aom_svc_layer_id_t id{spatial, layers_.temporal_layer()};
  aom_svc_ref_frame_config_t references{};
  const bool below = layers_.from_lower_layer(spatial, key_frame_wanted_);
  const int last = !key_frame_wanted_ ? layers_.reference_slot(spatial) : below ? layers_.slot(spatial - 1) : 0;
  std::fill(std::begin(references.ref_idx), std::end(references.ref_idx), last);
  references.reference[kLast] = !key_frame_wanted_ || below ? 1 : 0;
  if (!key_frame_wanted_ && below) {
    references.ref_idx[kGolden] = layers_.slot(spatial - 1);
    references.reference[kGolden] = 1;
  }
  if (layers_.is_kept(spatial)) references.refresh[layers_.slot(spatial)] = 1;
  aom_codec_control(&context_, AV1E_SET_SVC_LAYER_ID, &id);
  aom_codec_control(&context_, AV1E_SET_SVC_REF_FRAME_CONFIG, &references);
  // A layer that may be left out must have no part in what a decoder learns of probabilities.
  const bool resilient = options_.error_resilient || layers_.temporal_layer() > 0;
  aom_codec_control(&context_, AV1E_SET_ERROR_RESILIENT_MODE, resilient ? 1 : 0);
}

std::size_t Av1Encoder::collect(EncodedFrame& encoded) {
  const std::size_t before = encoded.payload.size();
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
    encoded.key_frame |= (packet->data.frame.flags & AOM_FRAME_IS_KEY) != 0;
  }
  return encoded.payload.size() - before;
}

// All layers are there.
void Av1Encoder::finish(EncodedFrame& encoded) {
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
  layers_.advance();
  aom_codec_control(&context_, AOME_GET_LAST_QUANTIZER, &encoded.quantizer);
}

}  // namespace

std::unique_ptr<VideoEncoder> make_av1_encoder(const VideoEncoderConfig& config) {
  return std::make_unique<Av1Encoder>(config);
}

}  // namespace tidewire::codecs
