// VP8 (RFC 6386) by libvpx.
#include "codecs/vp8_encoder.h"

#include "codecs/vpx_encoder.h"

namespace tidewire::codecs {

namespace {

// 2 leaves bits for the frames to come in still scenes, 56 keeps faces recognisable (frames are skipped instead).
constexpr unsigned kMinQuantizer = 2;
constexpr unsigned kMaxQuantizer = 56;
constexpr int kMaxSide = 16'383;  // RFC 6386 §9.1: width and height have 14 bits

// Speed -1 (best) … -16 (fastest). Small pictures can afford more search; from VGA on a laptop core needs the speed.
int cpu_used(Size size) { return size.pixels() < 352 * 288 ? -6 : size.pixels() < 640 * 480 ? -7 : -8; }

// VP8 has three references; each layer keeps what others need in one of its own.
constexpr vpx_enc_frame_flags_t kFromLast = VP8_EFLAG_NO_REF_GF | VP8_EFLAG_NO_REF_ARF;
constexpr vpx_enc_frame_flags_t kFromGolden = VP8_EFLAG_NO_REF_LAST | VP8_EFLAG_NO_REF_ARF;
constexpr vpx_enc_frame_flags_t kIntoLast = VP8_EFLAG_NO_UPD_GF | VP8_EFLAG_NO_UPD_ARF;
constexpr vpx_enc_frame_flags_t kIntoGolden = VP8_EFLAG_NO_UPD_LAST | VP8_EFLAG_NO_UPD_ARF;
// A layer that may be left out leaves no trace in what a decoder learns of probabilities.
constexpr vpx_enc_frame_flags_t kIntoNothing =
    VP8_EFLAG_NO_UPD_LAST | VP8_EFLAG_NO_UPD_GF | VP8_EFLAG_NO_UPD_ARF | VP8_EFLAG_NO_UPD_ENTROPY;

void tune(vpx_codec_ctx_t& context, const VpxPurpose& purpose) {
  constexpr unsigned kAdaptiveDenoiser = 4;
  vpx_codec_control(&context, VP8E_SET_CPUUSED, cpu_used(purpose.size));
  vpx_codec_control(&context, VP8E_SET_NOISE_SENSITIVITY, purpose.denoise ? kAdaptiveDenoiser : 0U);
  vpx_codec_control(&context, VP8E_SET_STATIC_THRESHOLD, purpose.screen ? 100U : 1U);
  vpx_codec_control(&context, VP8E_SET_SCREEN_CONTENT_MODE, purpose.screen ? 1U : 0U);
  vpx_codec_control(&context, VP8E_SET_TOKEN_PARTITIONS, static_cast<int>(VP8_ONE_TOKENPARTITION));
}

void share(vpx_codec_enc_cfg_t& config, ScalabilityMode mode, int kilobits) {
  if (mode.temporal_layers == 1) return;
  config.ts_number_layers = mode.temporal_layers;
  config.ts_periodicity = static_cast<unsigned>(pattern_length(mode));
  for (int layer = 0; layer < mode.temporal_layers; ++layer) {
    config.ts_target_bitrate[layer] = static_cast<unsigned>(layer_bitrate(mode, 0, layer, kilobits));
    config.ts_rate_decimator[layer] = static_cast<unsigned>(rate_divisor(mode, layer));
  }
  for (int position = 0; position < pattern_length(mode); ++position) {
    config.ts_layer_id[position] = static_cast<unsigned>(pattern_picture(mode, position).temporal_layer);
  }
}

vpx_enc_frame_flags_t prepare(vpx_codec_ctx_t& context, const LayerSequence& layers, bool key_frame) {
  if (layers.temporal_layers() == 1) return 0;
  vpx_codec_control(&context, VP8E_SET_TEMPORAL_LAYER_ID, layers.temporal_layer());
  if (key_frame) return 0;
  const auto from = layers.reference_slot(0) == 0 ? kFromLast : kFromGolden;
  if (!layers.is_kept(0)) return from | kIntoNothing;
  return from | (layers.temporal_layer() == 0 ? kIntoLast : kIntoGolden | VP8_EFLAG_NO_UPD_ENTROPY);
}

bool measure(ByteView payload, PictureLayers& layers) {
  layers.frames[0].size = payload.size();
  return true;
}

}  // namespace

std::unique_ptr<VideoEncoder> make_vp8_encoder(const VideoEncoderConfig& config) {
  return make_vpx_encoder({.codec = CodecType::kVp8,
                           .interface = vpx_codec_vp8_cx,
                           .max_side = kMaxSide,
                           .min_quantizer = kMinQuantizer,
                           .max_quantizer = kMaxQuantizer,
                           .scales_references = false,
                           .tune = tune,
                           .share = share,
                           .prepare = prepare,
                           .measure = measure},
                          config);
}

}  // namespace tidewire::codecs
