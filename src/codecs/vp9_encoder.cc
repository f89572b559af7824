// VP9 (RFC 9628 carries it) by libvpx: profile 0, which is 4:2:0 with 8 bits, in up to nine layers.
#include "codecs/vp9_encoder.h"

#include <algorithm>

#include "codecs/vp9_superframe.h"
#include "codecs/vpx_encoder.h"

namespace tidewire::codecs {

namespace {

constexpr unsigned kMinQuantizer = 2;
constexpr unsigned kMaxQuantizer = 52;
constexpr int kDropFrameThreshold = 30;  // percent of the optimal buffer
constexpr int kMaxSide = 16'383;         // the format has 16 bits; what libvpx is built to decode ends here

// Real time is 5 to 9. What is small can afford the better search.
int cpu_used(Size size) { return size.pixels() < 640 * 360 ? 7 : 8; }

// Columns are what threads share a picture by; libvpx wants them at least 256 wide and takes the logarithm.
int tile_columns(Size size, int threads) {
  int logarithm = 0;
  while ((2 << logarithm) <= threads && (size.width >> (logarithm + 1)) >= 256) ++logarithm;
  return logarithm;
}

// Spatial layers by size, and quantizers for all of them. The library leaves layers to itself; what each picture refers
// to, it is told.
void open_layers(vpx_codec_ctx_t& context, const VpxPurpose& purpose) {
  vpx_codec_control(&context, VP9E_SET_SVC, 1);
  vpx_svc_extra_cfg_t layers{};
  for (int i = 0; i < VPX_MAX_LAYERS; ++i) {
    layers.min_quantizers[i] = kMinQuantizer;
    layers.max_quantizers[i] = kMaxQuantizer;
  }
  vpx_svc_frame_drop_t drop{};
  drop.framedrop_mode = FULL_SUPERFRAME_DROP;
  drop.max_consec_drop = INT32_MAX;
  for (int i = 0; i < purpose.mode.spatial_layers; ++i) {
    layers.scaling_factor_num[i] = 1;
    layers.scaling_factor_den[i] = 1 << (purpose.mode.spatial_layers - 1 - i);
    layers.speed_per_layer[i] = cpu_used(layer_size(purpose.mode, i, purpose.size));
    drop.framedrop_thresh[i] = kDropFrameThreshold;
  }
  vpx_codec_control(&context, VP9E_SET_SVC_PARAMETERS, &layers);
  vpx_codec_control(&context, VP9E_SET_SVC_FRAME_DROP_LAYER, &drop);
}

void tune(vpx_codec_ctx_t& context, const VpxPurpose& purpose) {
  vpx_codec_control(&context, VP8E_SET_CPUUSED, cpu_used(purpose.size));
  if (purpose.mode.layered()) open_layers(context, purpose);
  vpx_codec_control(&context, VP8E_SET_STATIC_THRESHOLD, purpose.screen ? 100U : 1U);
  vpx_codec_control(&context, VP9E_SET_NOISE_SENSITIVITY, purpose.denoise ? 1U : 0U);
  vpx_codec_control(&context, VP9E_SET_AQ_MODE, 3U);  // refreshes a part of each picture, cyclically
  vpx_codec_control(&context, VP9E_SET_ROW_MT, 1U);
  vpx_codec_control(&context, VP9E_SET_TILE_COLUMNS, tile_columns(purpose.size, purpose.threads));
  vpx_codec_control(&context, VP9E_SET_FRAME_PARALLEL_DECODING, 0U);
  const auto content = purpose.screen ? VP9E_CONTENT_SCREEN : VP9E_CONTENT_DEFAULT;
  vpx_codec_control(&context, VP9E_SET_TUNE_CONTENT, static_cast<int>(content));
}

void share(vpx_codec_enc_cfg_t& config, ScalabilityMode mode, int kilobits) {
  if (!mode.layered()) return;
  config.ss_number_layers = mode.spatial_layers;
  config.ts_number_layers = mode.temporal_layers;
  config.temporal_layering_mode = VP9E_TEMPORAL_LAYERING_MODE_BYPASS;
  for (int t = 0; t < mode.temporal_layers; ++t) {
    config.ts_rate_decimator[t] = static_cast<unsigned>(rate_divisor(mode, t));
    for (int s = 0; s < mode.spatial_layers; ++s) {
      config.layer_target_bitrate[s * mode.temporal_layers + t] =
          static_cast<unsigned>(std::max(layer_bitrate(mode, s, t, kilobits), 1));
    }
  }
  for (int s = 0; s < mode.spatial_layers; ++s) {
    config.ss_target_bitrate[s] = config.layer_target_bitrate[(s + 1) * mode.temporal_layers - 1];
  }
}

vpx_enc_frame_flags_t prepare(vpx_codec_ctx_t& context, const LayerSequence& layers, bool key_frame) {
  if (!layers.mode().layered()) return 0;
  vpx_svc_layer_id_t id{};
  id.temporal_layer_id = layers.temporal_layer();
  vpx_svc_ref_frame_config_t references{};
  for (int s = 0; s < layers.spatial_layers(); ++s) {
    id.temporal_layer_id_per_spatial[s] = layers.temporal_layer();
    const bool below = layers.from_lower_layer(s, key_frame);
    const int last = key_frame ? (below ? layers.slot(s - 1) : 0) : layers.reference_slot(s);
    references.lst_fb_idx[s] = references.gld_fb_idx[s] = references.alt_fb_idx[s] = last;
    references.reference_last[s] = !key_frame || below ? 1 : 0;
    if (!key_frame && below) {
      references.gld_fb_idx[s] = layers.slot(s - 1);
      references.reference_golden[s] = 1;
    }
    references.update_buffer_slot[s] = layers.is_kept(s) ? 1 << layers.slot(s) : 0;
  }
  vpx_codec_control(&context, VP9E_SET_SVC_LAYER_ID, &id);
  vpx_codec_control(&context, VP9E_SET_SVC_REF_FRAME_CONFIG, &references);
  return 0;
}

bool measure(ByteView payload, PictureLayers& layers) {
  const auto frames = split_vp9_superframe(payload);
  if (!frames || frames->size() != layers.count) return false;
  for (std::size_t i = 0; i < layers.count; ++i) layers.frames[i].size = (*frames)[i].size();
  return true;
}

}  // namespace

std::unique_ptr<VideoEncoder> make_vp9_encoder(const VideoEncoderConfig& config) {
  return make_vpx_encoder({.codec = CodecType::kVp9,
                           .interface = vpx_codec_vp9_cx,
                           .max_side = kMaxSide,
                           .min_quantizer = kMinQuantizer,
                           .max_quantizer = kMaxQuantizer,
                           .scales_references = true,
                           .tune = tune,
                           .share = share,
                           .prepare = prepare,
                           .measure = measure},
                          config);
}

}  // namespace tidewire::codecs
