#include "codecs/vpx_decoder.h"

#include <string>
#include <utility>

namespace tidewire::codecs {

namespace {

class VpxDecoder final : public VideoDecoder {
 public:
  VpxDecoder(const VpxDecoding& codec, const VideoDecoderConfig& config) : codec_(codec), options_(config) {}
  VpxDecoder(const VpxDecoder&) = delete;
  VpxDecoder& operator=(const VpxDecoder&) = delete;
  ~VpxDecoder() override { close(); }

  Result<std::optional<VideoFrame>> decode(const EncodedFrame& frame) override;
  int quantizer() const override { return quantizer_; }

 private:
  bool open();
  void close();
  Error refuse(std::string why);

  VpxDecoding codec_;
  VideoDecoderConfig options_;
  vpx_codec_ctx_t context_{};
  int quantizer_ = -1;
  bool open_ = false;  // and has every reference that the next frame may need
};

bool VpxDecoder::open() {
  if (open_) return true;
  vpx_codec_dec_cfg_t config{};
  config.threads = static_cast<unsigned>(options_.threads);
  open_ = vpx_codec_dec_init(&context_, codec_.interface(), &config, 0) == VPX_CODEC_OK;
  return open_;
}

void VpxDecoder::close() {
  if (open_) vpx_codec_destroy(&context_);
  open_ = false;
  context_ = {};
}

// Gives up all state: only a key frame helps now.
Error VpxDecoder::refuse(std::string why) {
  close();
  return {ErrorCode::kEncoding, std::string(to_string(codec_.codec)) + " decoder: " + std::move(why)};
}

Result<std::optional<VideoFrame>> VpxDecoder::decode(const EncodedFrame& frame) {
  const auto header = codec_.parse(frame.payload);
  if (!header) return refuse("no such frame");
  if (!header->key_frame && !open_) return refuse("a key frame must come first");
  if (header->largest.pixels() > options_.max_pixels) {
    return refuse("a picture of " + std::to_string(header->largest.width) + "x" +
                  std::to_string(header->largest.height) + " exceeds the limit");
  }
  if (!open()) return refuse("cannot start");
  const auto size = static_cast<unsigned>(frame.payload.size());
  int corrupted = 0;
  if (vpx_codec_decode(&context_, frame.payload.data(), size, nullptr, 0) != VPX_CODEC_OK) {
    return refuse(vpx_codec_error(&context_));
  }
  // libvpx makes up what it cannot read and carries on; we would rather ask for a key frame.
  if (vpx_codec_control(&context_, VP8D_GET_FRAME_CORRUPTED, &corrupted) == VPX_CODEC_OK && corrupted != 0) {
    return refuse("the frame is damaged");
  }
  if (vpx_codec_control(&context_, VPXD_GET_LAST_QUANTIZER, &quantizer_) != VPX_CODEC_OK) quantizer_ = -1;
  vpx_codec_iter_t position = nullptr;
  const vpx_image_t* image = vpx_codec_get_frame(&context_, &position);
  if (image == nullptr || !header->shown) return std::optional<VideoFrame>{};
  if (image->fmt != VPX_IMG_FMT_I420) return refuse("not a 4:2:0 picture with 8 bits");
  const Planes planes{image->planes[VPX_PLANE_Y], image->planes[VPX_PLANE_U], image->planes[VPX_PLANE_V],
                      image->stride[VPX_PLANE_Y], image->stride[VPX_PLANE_U]};
  const Size shown{static_cast<int>(image->d_w), static_cast<int>(image->d_h)};
  return std::optional{VideoFrame{copy_of(planes, shown), frame.timestamp, frame.rtp_timestamp}};
}

}  // namespace

std::unique_ptr<VideoDecoder> make_vpx_decoder(const VpxDecoding& codec, const VideoDecoderConfig& config) {
  return std::make_unique<VpxDecoder>(codec, config);
}

}  // namespace tidewire::codecs
