// VP8 (RFC 6386) by libvpx. What comes in is hostile: the frame header is checked before libvpx sees it, and a
// decoder that has failed once refuses everything up to the next key frame, so that damage is never shown.
#include "codecs/vp8_decoder.h"

#include <vpx/vp8.h>
#include <vpx/vp8dx.h>
#include <vpx/vpx_decoder.h>

#include <algorithm>
#include <string>
#include <utility>

namespace tidewire::codecs {

namespace {

struct FrameHeader {
  bool key_frame = false;
  bool shown = false;
  int width = 0;  // of key frames
  int height = 0;
};

// RFC 6386 §9.1: a frame tag of three bytes; in key frames then a start code and twice 14 bits of size.
std::optional<FrameHeader> parse_header(ByteView bytes) {
  if (bytes.size() < 3) return std::nullopt;
  FrameHeader header;
  header.key_frame = (bytes[0] & 0x01) == 0;
  header.shown = (bytes[0] & 0x10) != 0;
  const auto tag = static_cast<std::size_t>(bytes[0] | bytes[1] << 8 | bytes[2] << 16);
  const std::size_t first_partition = tag >> 5;
  const std::size_t header_size = header.key_frame ? 10 : 3;
  if (bytes.size() < header_size || first_partition > bytes.size() - header_size) return std::nullopt;
  if (!header.key_frame) return header;
  if (bytes[3] != 0x9d || bytes[4] != 0x01 || bytes[5] != 0x2a) return std::nullopt;
  header.width = (bytes[6] | bytes[7] << 8) & 0x3fff;
  header.height = (bytes[8] | bytes[9] << 8) & 0x3fff;
  if (header.width == 0 || header.height == 0) return std::nullopt;
  return header;
}

void copy_plane(const std::uint8_t* from, int from_stride, std::uint8_t* to, int to_stride, int width, int height) {
  for (int row = 0; row < height; ++row) {
    std::copy_n(from + std::ptrdiff_t{row} * from_stride, width, to + std::ptrdiff_t{row} * to_stride);
  }
}

std::shared_ptr<const I420Buffer> copy_of(const vpx_image_t& image) {
  auto picture = std::make_shared<I420Buffer>(static_cast<int>(image.d_w), static_cast<int>(image.d_h));
  copy_plane(image.planes[VPX_PLANE_Y], image.stride[VPX_PLANE_Y], picture->y(), picture->stride_y(), picture->width(),
             picture->height());
  copy_plane(image.planes[VPX_PLANE_U], image.stride[VPX_PLANE_U], picture->u(), picture->stride_uv(),
             picture->chroma_width(), picture->chroma_height());
  copy_plane(image.planes[VPX_PLANE_V], image.stride[VPX_PLANE_V], picture->v(), picture->stride_uv(),
             picture->chroma_width(), picture->chroma_height());
  return picture;
}

class Vp8Decoder final : public VideoDecoder {
 public:
  explicit Vp8Decoder(const VideoDecoderConfig& config) : options_(config) {}
  Vp8Decoder(const Vp8Decoder&) = delete;
  Vp8Decoder& operator=(const Vp8Decoder&) = delete;
  ~Vp8Decoder() override { close(); }

  Result<std::optional<VideoFrame>> decode(const EncodedFrame& frame) override;

 private:
  bool open();
  void close();
  Error refuse(std::string why);

  VideoDecoderConfig options_;
  vpx_codec_ctx_t context_{};
  bool open_ = false;  // and has every reference that the next frame may need
};

bool Vp8Decoder::open() {
  if (open_) return true;
  vpx_codec_dec_cfg_t config{};
  config.threads = static_cast<unsigned>(options_.threads);
  open_ = vpx_codec_dec_init(&context_, vpx_codec_vp8_dx(), &config, 0) == VPX_CODEC_OK;
  return open_;
}

void Vp8Decoder::close() {
  if (open_) vpx_codec_destroy(&context_);
  open_ = false;
  context_ = {};
}

// Gives up all state: only a key frame helps now.
Error Vp8Decoder::refuse(std::string why) {
  close();
  return {ErrorCode::kEncoding, "VP8 decoder: " + std::move(why)};
}

Result<std::optional<VideoFrame>> Vp8Decoder::decode(const EncodedFrame& frame) {
  const auto header = parse_header(frame.payload);
  if (!header) return refuse("no VP8 frame");
  if (!header->key_frame && !open_) return refuse("a key frame must come first");
  if (header->key_frame && std::int64_t{header->width} * header->height > options_.max_pixels) {
    return refuse("a picture of " + std::to_string(header->width) + "x" + std::to_string(header->height) +
                  " exceeds the limit");
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
  vpx_codec_iter_t position = nullptr;
  const vpx_image_t* image = vpx_codec_get_frame(&context_, &position);
  if (image == nullptr || !header->shown) return std::optional<VideoFrame>{};
  return std::optional{VideoFrame{copy_of(*image), frame.timestamp, frame.rtp_timestamp}};
}

}  // namespace

std::unique_ptr<VideoDecoder> make_vp8_decoder(const VideoDecoderConfig& config) {
  return std::make_unique<Vp8Decoder>(config);
}

}  // namespace tidewire::codecs
