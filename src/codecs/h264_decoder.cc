// H.264 by OpenH264, which decodes baseline, main and high. What comes in is hostile: the size is read from the
// parameter sets before the library allocates for it, and a decoder that has failed once refuses everything up to the
// next IDR picture, so that damage is never shown.
#include "codecs/h264_decoder.h"

#include <wels/codec_api.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "codecs/h264_bitstream.h"
#include "codecs/h264_quantizer.h"

namespace tidewire::codecs {

namespace {

struct DecoderDeleter {
  void operator()(ISVCDecoder* decoder) const {
    decoder->Uninitialize();
    WelsDestroyDecoder(decoder);
  }
};

class H264Decoder final : public VideoDecoder {
 public:
  explicit H264Decoder(const VideoDecoderConfig& config) : options_(config) {}

  Result<std::optional<VideoFrame>> decode(const EncodedFrame& frame) override;
  int quantizer() const override { return quantizer_; }

 private:
  bool open();
  Error refuse(std::string why);
  std::optional<std::string> objection(const std::vector<ByteView>& nals) const;

  VideoDecoderConfig options_;
  H264QuantizerReader quantizers_;
  int quantizer_ = -1;
  std::unique_ptr<ISVCDecoder, DecoderDeleter> decoder_;  // and has every reference that the next frame may need
};

bool H264Decoder::open() {
  if (decoder_) return true;
  ISVCDecoder* raw = nullptr;
  if (WelsCreateDecoder(&raw) != 0) return false;
  decoder_.reset(raw);
  int quiet = WELS_LOG_QUIET;
  raw->SetOption(DECODER_OPTION_TRACE_LEVEL, &quiet);
  SDecodingParam parameters{};
  parameters.uiTargetDqLayer = 0xff;  // all of it
  // What is missing is asked for again; made-up pictures would hide that it is.
  parameters.eEcActiveIdc = ERROR_CON_DISABLE;
  parameters.sVideoProperty = {sizeof(SVideoProperty), VIDEO_BITSTREAM_AVC};
  if (raw->Initialize(&parameters) == 0) return true;
  decoder_.reset();
  return false;
}

// Gives up all state: only a key frame helps now.
Error H264Decoder::refuse(std::string why) {
  decoder_.reset();
  return {ErrorCode::kEncoding, "H264 decoder: " + std::move(why)};
}

// Why the access unit must not reach the library.
std::optional<std::string> H264Decoder::objection(const std::vector<ByteView>& nals) const {
  bool slices = false;
  bool idr = false;
  bool parameters = false;
  for (const ByteView nal : nals) {
    if ((nal[0] & 0x80) != 0) return "no H.264 access unit";  // §7.4.1: forbidden_zero_bit
    switch (nal_type(nal)) {
      case NalType::kIdrSlice: idr = true; [[fallthrough]];
      case NalType::kSlice: slices = true; break;
      case NalType::kPps: break;
      case NalType::kSps: {
        const auto sps = parse_sequence_parameters(nal);
        if (!sps) return "a malformed sequence parameter set";
        if (sps->size.pixels() > options_.max_pixels) {
          return "a picture of " + std::to_string(sps->size.width) + "x" + std::to_string(sps->size.height) +
                 " exceeds the limit";
        }
        parameters = true;
      }
    }
  }
  if (!slices && !parameters) return "no H.264 access unit";
  if (!decoder_ && (!idr || !parameters)) return "a key frame must come first";
  return std::nullopt;
}

Result<std::optional<VideoFrame>> H264Decoder::decode(const EncodedFrame& frame) {
  const auto nals = split_annex_b(frame.payload);
  if (!nals) return refuse("no H.264 access unit");
  if (auto why = objection(*nals)) return refuse(*std::move(why));
  if (!open()) return refuse("cannot start");
  std::array<unsigned char*, 3> planes{};
  SBufferInfo info{};
  const int state =
      decoder_->DecodeFrameNoDelay(frame.payload.data(), static_cast<int>(frame.payload.size()), planes.data(), &info);
  if (state != dsErrorFree && state != dsFramePending) {
    return refuse("the frame is damaged (state " + std::to_string(state) + ")");
  }
  quantizer_ = quantizers_.read(*nals);
  if (info.iBufferStatus != 1) return std::optional<VideoFrame>{};
  const SSysMEMBuffer& picture = info.UsrData.sSystemBuffer;
  if (picture.iFormat != videoFormatI420) return refuse("not a 4:2:0 picture with 8 bits");
  return std::optional{VideoFrame{copy_of({planes[0], planes[1], planes[2], picture.iStride[0], picture.iStride[1]},
                                          {picture.iWidth, picture.iHeight}),
                                  frame.timestamp, frame.rtp_timestamp}};
}

}  // namespace

std::unique_ptr<VideoDecoder> make_h264_decoder(const VideoDecoderConfig& config) {
  return std::make_unique<H264Decoder>(config);
}

}  // namespace tidewire::codecs
