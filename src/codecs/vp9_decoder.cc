// VP9 by libvpx. Sections are those of the "VP9 Bitstream & Decoding Process Specification", version 0.6.
#include "codecs/vp9_decoder.h"

#include <vector>

#include "base/vp9_index.h"
#include "codecs/bit_reader.h"
#include "codecs/vp9_superframe.h"
#include "codecs/vpx_decoder.h"

namespace tidewire::codecs {

namespace {

constexpr std::uint32_t kSyncCode = 0x498342;  // §7.2: frame_sync_code
constexpr int kColorSpaceRgb = 7;

// §6.2.2: color_config() of profile 0, whose only variety is 4:2:0 with 8 bits.
bool skip_color_config(BitReader& in) {
  if (in.bits(3) == kColorSpaceRgb) return false;  // needs 4:4:4
  in.skip(1);                                      // color_range
  return true;
}

Size frame_size(BitReader& in) {
  const int width = static_cast<int>(in.bits(16)) + 1;
  return {width, static_cast<int>(in.bits(16)) + 1};
}

// §6.2.5: each of three references may lend its size; else it is written out.
Size frame_size_with_references(BitReader& in) {
  for (int i = 0; i < 3; ++i) {
    if (in.flag()) return {};
  }
  return frame_size(in);
}

// §6.2: uncompressed_header(), as far as the size.
std::optional<VpxFrameHeader> parse_frame(ByteView bytes) {
  BitReader in(bytes);
  VpxFrameHeader header;
  if (in.bits(2) != 2 || in.bits(2) != 0) return std::nullopt;  // frame_marker; profile 0
  if (in.flag()) {                                              // show_existing_frame
    header.shown = true;
    in.skip(3);
    return in.ok() ? std::optional(header) : std::nullopt;
  }
  header.key_frame = !in.flag();
  header.shown = in.flag();
  const bool error_resilient = in.flag();
  if (header.key_frame) {
    if (in.bits(24) != kSyncCode || !skip_color_config(in)) return std::nullopt;
    header.largest = frame_size(in);
    return in.ok() ? std::optional(header) : std::nullopt;
  }
  const bool intra_only = !header.shown && in.flag();
  if (!error_resilient) in.skip(2);  // reset_frame_context
  if (intra_only) {
    if (in.bits(24) != kSyncCode) return std::nullopt;
    in.skip(8);  // refresh_frame_flags
    header.largest = frame_size(in);
  } else {
    in.skip(8 + 3 * 4);  // refresh_frame_flags; three times ref_frame_idx and ref_frame_sign_bias
    header.largest = frame_size_with_references(in);
  }
  return in.ok() ? std::optional(header) : std::nullopt;
}

// A superframe begins a stream when its first frame does; it is shown when one of its frames is.
std::optional<VpxFrameHeader> parse_header(ByteView bytes) {
  const auto frames = split_vp9_superframe(bytes);
  if (!frames || frames->empty()) return std::nullopt;
  std::optional<VpxFrameHeader> all;
  for (const ByteView frame : *frames) {
    const auto header = parse_frame(frame);
    if (!header) return std::nullopt;
    if (!all) {
      all = header;
      continue;
    }
    all->shown = all->shown || header->shown;
    if (header->largest.pixels() > all->largest.pixels()) all->largest = header->largest;
  }
  return all;
}

class Vp9Decoder final : public VideoDecoder {
 public:
  explicit Vp9Decoder(const VideoDecoderConfig& config)
      : decoder_(make_vpx_decoder({CodecType::kVp9, vpx_codec_vp9_dx, parse_header}, config)) {}

  Result<std::optional<VideoFrame>> decode(const EncodedFrame& frame) override {
    if (has_vp9_index(frame.payload)) return decoder_->decode(frame);
    // libvpx takes bytes behind a frame without index for more frames, whose headers nobody would have looked at.
    EncodedFrame only = frame;
    const std::size_t size = frame.payload.size();
    if (size > 0) append_vp9_index(only.payload, std::span(&size, 1));
    return decoder_->decode(only);
  }
  int quantizer() const override { return decoder_->quantizer(); }

 private:
  std::unique_ptr<VideoDecoder> decoder_;
};

}  // namespace

std::unique_ptr<VideoDecoder> make_vp9_decoder(const VideoDecoderConfig& config) {
  return std::make_unique<Vp9Decoder>(config);
}

}  // namespace tidewire::codecs
