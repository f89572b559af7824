// VP8 (RFC 6386) by libvpx.
#include "codecs/vp8_decoder.h"

#include "codecs/vpx_decoder.h"

namespace tidewire::codecs {

namespace {

// RFC 6386 §9.1: a frame tag of three bytes; in key frames then a start code and twice 14 bits of size.
std::optional<VpxFrameHeader> parse_header(ByteView bytes) {
  if (bytes.size() < 3) return std::nullopt;
  VpxFrameHeader header;
  header.key_frame = (bytes[0] & 0x01) == 0;
  header.shown = (bytes[0] & 0x10) != 0;
  const auto tag = static_cast<std::size_t>(bytes[0] | bytes[1] << 8 | bytes[2] << 16);
  const std::size_t first_partition = tag >> 5;
  const std::size_t header_size = header.key_frame ? 10 : 3;
  if (bytes.size() < header_size || first_partition > bytes.size() - header_size) return std::nullopt;
  if (!header.key_frame) return header;
  if (bytes[3] != 0x9d || bytes[4] != 0x01 || bytes[5] != 0x2a) return std::nullopt;
  header.largest = {(bytes[6] | bytes[7] << 8) & 0x3fff, (bytes[8] | bytes[9] << 8) & 0x3fff};
  if (header.largest.width == 0 || header.largest.height == 0) return std::nullopt;
  return header;
}

}  // namespace

std::unique_ptr<VideoDecoder> make_vp8_decoder(const VideoDecoderConfig& config) {
  return make_vpx_decoder({CodecType::kVp8, vpx_codec_vp8_dx, parse_header}, config);
}

}  // namespace tidewire::codecs
