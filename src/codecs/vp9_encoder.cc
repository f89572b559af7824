// VP9 (RFC 9628 carries it) by libvpx: one layer, profile 0, which is 4:2:0 with 8 bits.
#include "codecs/vp9_encoder.h"

#include "codecs/vpx_encoder.h"

namespace tidewire::codecs {

namespace {

constexpr unsigned kMinQuantizer = 2;
constexpr unsigned kMaxQuantizer = 52;
constexpr int kMaxSide = 16'383;  // the format has 16 bits; what libvpx is built to decode ends here

// Real time is 5 to 9. What is small can afford the better search.
int cpu_used(Size size) { return size.pixels() < 640 * 360 ? 7 : 8; }

// Columns are what threads share a picture by; libvpx wants them at least 256 wide and takes the logarithm.
int tile_columns(Size size, int threads) {
  int logarithm = 0;
  while ((2 << logarithm) <= threads && (size.width >> (logarithm + 1)) >= 256) ++logarithm;
  return logarithm;
}

void tune(vpx_codec_ctx_t& context, Size size, int threads) {
  vpx_codec_control(&context, VP8E_SET_CPUUSED, cpu_used(size));
  vpx_codec_control(&context, VP8E_SET_STATIC_THRESHOLD, 1U);
  vpx_codec_control(&context, VP9E_SET_NOISE_SENSITIVITY, 0U);
  vpx_codec_control(&context, VP9E_SET_AQ_MODE, 3U);  // refreshes a part of each picture, cyclically
  vpx_codec_control(&context, VP9E_SET_ROW_MT, 1U);
  vpx_codec_control(&context, VP9E_SET_TILE_COLUMNS, tile_columns(size, threads));
  vpx_codec_control(&context, VP9E_SET_FRAME_PARALLEL_DECODING, 0U);
  vpx_codec_control(&context, VP9E_SET_TUNE_CONTENT, static_cast<int>(VP9E_CONTENT_DEFAULT));
}

}  // namespace

std::unique_ptr<VideoEncoder> make_vp9_encoder(const VideoEncoderConfig& config) {
  return make_vpx_encoder({CodecType::kVp9, vpx_codec_vp9_cx, kMaxSide, kMinQuantizer, kMaxQuantizer, tune}, config);
}

}  // namespace tidewire::codecs
