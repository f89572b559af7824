// H.264 by OpenH264: constrained baseline (which every browser decodes, RFC 7742 §6.2), parameter sets before each IDR
// picture, IDR pictures only when asked for.
#include "codecs/h264_encoder.h"

#include <wels/codec_api.h>

#include <string>

#include "codecs/encoding.h"
#include "codecs/h264_bitstream.h"
#include "codecs/h264_quantizer.h"
#include "codecs/layer_sequence.h"

namespace tidewire::codecs {

namespace {

// Of the 0–51 range: 12 leaves bits for the frames to come in still scenes. Up to the coarsest one, for frames that are
// skipped instead are missed more.
constexpr int kMinQuantizer = 12;
constexpr int kMaxQuantizer = 51;
// What OpenH264 takes: a macroblock at least, level 5.2 at most.
constexpr int kMinSide = 16;
constexpr int kMaxMacroblocks = 36'864;

struct EncoderDeleter {
  void operator()(ISVCEncoder* encoder) const {
    encoder->Uninitialize();
    WelsDestroySVCEncoder(encoder);
  }
};

Error failure(const char* what, int code) {
  return {ErrorCode::kEncoding, std::string("H264 encoder: ") + what + " (" + std::to_string(code) + ")"};
}

class H264Encoder final : public VideoEncoder {
 public:
  explicit H264Encoder(const VideoEncoderConfig& config)
      : options_(config),
        times_(config.max_framerate),
        layers_(config.scalability_mode),
        rates_{clamp_video_bitrate(config.bitrate), clamp_framerate(config.max_framerate)} {}

  Result<std::optional<EncodedFrame>> encode(const VideoFrame& frame) override;
  void set_rates(const VideoRates& rates) override {
    const VideoRates wanted{clamp_video_bitrate(rates.bitrate), clamp_framerate(rates.max_framerate)};
    rates_changed_ = rates_changed_ || wanted != rates_;
    rates_ = wanted;
    times_.set_framerate(wanted.max_framerate);
  }
  void request_key_frame() override { key_frame_wanted_ = true; }
  void leave_out(Duration time) override { times_.leave_out(time); }

 private:
  Result<> open(Size size);
  SEncParamExt parameters(ISVCEncoder& encoder, Size size) const;
  void apply_rates();
  std::optional<EncodedFrame> collect(const SFrameBSInfo& info, const VideoFrame& frame);

  VideoEncoderConfig options_;
  PictureTimes times_;
  std::unique_ptr<ISVCEncoder, EncoderDeleter> encoder_;
  Size size_;
  LayerSequence layers_;
  H264QuantizerReader quantizers_;
  VideoRates rates_;
  bool rates_changed_ = false;
  bool key_frame_wanted_ = false;
};

SEncParamExt H264Encoder::parameters(ISVCEncoder& encoder, Size size) const {
  SEncParamExt wanted{};
  encoder.GetDefaultParams(&wanted);
  wanted.iUsageType = options_.content_hint == ContentHint::kScreen ? SCREEN_CONTENT_REAL_TIME : CAMERA_VIDEO_REAL_TIME;
  wanted.iPicWidth = size.width;
  wanted.iPicHeight = size.height;
  wanted.iTargetBitrate = rates_.bitrate;
  wanted.iMaxBitrate = UNSPECIFIED_BIT_RATE;
  wanted.iRCMode = RC_BITRATE_MODE;
  wanted.bEnableFrameSkip = true;
  wanted.fMaxFrameRate = static_cast<float>(rates_.max_framerate);
  wanted.iTemporalLayerNum = layers_.temporal_layers();
  wanted.iSpatialLayerNum = 1;
  wanted.uiIntraPeriod = 0;  // never by itself
  wanted.bEnableSceneChangeDetect = false;
  wanted.eSpsPpsIdStrategy = CONSTANT_ID;
  wanted.iEntropyCodingModeFlag = 0;  // CAVLC: CABAC is no part of the baseline
  wanted.iComplexityMode = size.pixels() < 640 * 360 ? MEDIUM_COMPLEXITY : LOW_COMPLEXITY;
  wanted.iMinQp = kMinQuantizer;
  wanted.iMaxQp = kMaxQuantizer;
  wanted.iNumRefFrame = layers_.temporal_layers() == ScalabilityMode::kMaxTemporalLayers ? 2 : 1;
  wanted.bEnableDenoise = options_.denoise;
  const int threads = encoder_threads(size, options_.threads);
  wanted.iMultipleThreadIdc = static_cast<unsigned short>(threads);
  SSpatialLayerConfig& layer = wanted.sSpatialLayers[0];
  layer.iVideoWidth = size.width;
  layer.iVideoHeight = size.height;
  layer.fFrameRate = wanted.fMaxFrameRate;
  layer.iSpatialBitrate = rates_.bitrate;
  layer.iMaxSpatialBitrate = UNSPECIFIED_BIT_RATE;
  layer.uiProfileIdc = PRO_BASELINE;
  layer.uiLevelIdc = LEVEL_UNKNOWN;  // what the size needs
  // Threads share a picture by its slices.
  layer.sSliceArgument.uiSliceMode = threads > 1 ? SM_FIXEDSLCNUM_SLICE : SM_SINGLE_SLICE;
  layer.sSliceArgument.uiSliceNum = static_cast<unsigned>(threads);
  if (options_.max_slice_size > 0) {
    layer.sSliceArgument.uiSliceMode = SM_SIZELIMITED_SLICE;
    layer.sSliceArgument.uiSliceSizeConstraint = static_cast<unsigned>(options_.max_slice_size);
    wanted.uiMaxNalSize = static_cast<unsigned>(options_.max_slice_size);
  }
  return wanted;
}

Result<> H264Encoder::open(Size size) {
  encoder_.reset();
  ISVCEncoder* raw = nullptr;
  if (const int code = WelsCreateSVCEncoder(&raw); code != 0) return failure("cannot start", code);
  encoder_.reset(raw);
  int quiet = WELS_LOG_QUIET;
  raw->SetOption(ENCODER_OPTION_TRACE_LEVEL, &quiet);
  const SEncParamExt wanted = parameters(*raw, size);
  if (const int code = raw->InitializeExt(&wanted); code != 0) {
    encoder_.reset();
    return failure("cannot start", code);
  }
  int format = videoFormatI420;
  raw->SetOption(ENCODER_OPTION_DATAFORMAT, &format);
  size_ = size;
  rates_changed_ = false;
  times_.restart();
  return {};
}

void H264Encoder::apply_rates() {
  rates_changed_ = false;
  float framerate = static_cast<float>(rates_.max_framerate);
  SBitrateInfo bitrate{SPATIAL_LAYER_ALL, rates_.bitrate};
  encoder_->SetOption(ENCODER_OPTION_FRAME_RATE, &framerate);
  encoder_->SetOption(ENCODER_OPTION_BITRATE, &bitrate);
}

// The library only reads through the pointers, though it has no type that says so.
SSourcePicture source_picture(const I420Buffer& picture, Size size, std::int64_t time) {
  SSourcePicture source{};
  source.iColorFormat = videoFormatI420;
  source.iPicWidth = size.width;
  source.iPicHeight = size.height;
  source.uiTimeStamp = time * 1000 / kVideoClockRate;  // milliseconds
  source.iStride[0] = picture.stride_y();
  source.iStride[1] = source.iStride[2] = picture.stride_uv();
  source.pData[0] = const_cast<std::uint8_t*>(picture.y());
  source.pData[1] = const_cast<std::uint8_t*>(picture.u());
  source.pData[2] = const_cast<std::uint8_t*>(picture.v());
  return source;
}

Result<std::optional<EncodedFrame>> H264Encoder::encode(const VideoFrame& frame) {
  // §7.4.2.1.1: 4:2:0 pictures are cropped to even sizes only. The last odd row or column is left out.
  const Size size{frame.width() & ~1, frame.height() & ~1};
  const std::int64_t macroblocks = std::int64_t{(size.width + 15) / 16} * ((size.height + 15) / 16);
  if (size.width < kMinSide || size.height < kMinSide || macroblocks > kMaxMacroblocks) {
    return Error{ErrorCode::kRange, "H264 takes pictures from 16x16 to 4096x2304"};
  }
  if (!encoder_ || size != size_) {
    if (auto opened = open(size); !opened) return opened.error();
  } else if (rates_changed_) {
    apply_rates();
  }
  if (key_frame_wanted_) encoder_->ForceIntraFrame(true);
  const SSourcePicture source = source_picture(*frame.buffer, size, times_.next(frame.timestamp));
  SFrameBSInfo info{};
  if (const int code = encoder_->EncodeFrame(&source, &info); code != cmResultSuccess) {
    encoder_.reset();  // the next picture starts afresh, with a key frame
    return failure("cannot encode", code);
  }
  return collect(info, frame);
}

std::optional<EncodedFrame> H264Encoder::collect(const SFrameBSInfo& info, const VideoFrame& frame) {
  if (info.eFrameType == videoFrameTypeSkip || info.eFrameType == videoFrameTypeInvalid) return std::nullopt;
  EncodedFrame encoded{.codec = CodecType::kH264,
                       .rtp_timestamp = static_cast<std::uint32_t>(to_video_clock(frame.timestamp)),
                       .key_frame = info.eFrameType == videoFrameTypeIDR,
                       .timestamp = frame.timestamp};
  for (int i = 0; i < info.iLayerNum; ++i) {
    const SLayerBSInfo& layer = info.sLayerInfo[i];
    std::ptrdiff_t size = 0;
    for (int nal = 0; nal < layer.iNalCount; ++nal) size += layer.pNalLengthInByte[nal];
    encoded.payload.insert(encoded.payload.end(), layer.pBsBuf, layer.pBsBuf + size);
  }
  if (encoded.payload.empty()) return std::nullopt;
  if (const auto nals = split_annex_b(encoded.payload)) encoded.quantizer = quantizers_.read(*nals);
  if (encoded.key_frame) {
    key_frame_wanted_ = false;
    layers_.restart();
    encoded.width = size_.width;
    encoded.height = size_.height;
  }
  // The library has the same pattern; should it skip in its own way, the pictures tell nothing about layers.
  const SLayerBSInfo& picture = info.sLayerInfo[info.iLayerNum - 1];
  if (picture.uiTemporalId == layers_.temporal_layer()) {
    encoded.layers = layers_.describe(encoded.key_frame, size_);
    encoded.layers.frames[0].size = encoded.payload.size();
  }
  layers_.advance();
  return encoded;
}

}  // namespace

std::unique_ptr<VideoEncoder> make_h264_encoder(const VideoEncoderConfig& config) {
  return std::make_unique<H264Encoder>(config);
}

}  // namespace tidewire::codecs
