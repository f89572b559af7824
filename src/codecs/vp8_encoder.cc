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

void tune(vpx_codec_ctx_t& context, Size size, int) {
  vpx_codec_control(&context, VP8E_SET_CPUUSED, cpu_used(size));
  vpx_codec_control(&context, VP8E_SET_NOISE_SENSITIVITY, 0U);
  vpx_codec_control(&context, VP8E_SET_STATIC_THRESHOLD, 1U);
  vpx_codec_control(&context, VP8E_SET_TOKEN_PARTITIONS, static_cast<int>(VP8_ONE_TOKENPARTITION));
}

}  // namespace

std::unique_ptr<VideoEncoder> make_vp8_encoder(const VideoEncoderConfig& config) {
  return make_vpx_encoder({CodecType::kVp8, vpx_codec_vp8_cx, kMaxSide, kMinQuantizer, kMaxQuantizer, tune}, config);
}

}  // namespace tidewire::codecs
