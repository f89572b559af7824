// Which video codec lies behind a name, and which configurations make sense.
#include "codecs/video_codec.h"

#include "codecs/av1_decoder.h"
#include "codecs/av1_encoder.h"
#include "codecs/h264_decoder.h"
#include "codecs/h264_encoder.h"
#include "codecs/vp8_decoder.h"
#include "codecs/vp8_encoder.h"
#include "codecs/vp9_decoder.h"
#include "codecs/vp9_encoder.h"

namespace tidewire::codecs {

namespace {

Error not_a_video_codec(CodecType codec) {
  return {ErrorCode::kNotSupported, "no video codec called '" + std::string(to_string(codec)) + "' is built in"};
}

}  // namespace

Result<std::unique_ptr<VideoEncoder>> make_video_encoder(CodecType codec, const VideoEncoderConfig& config) {
  if (kind_of(codec) != MediaKind::kVideo) return not_a_video_codec(codec);
  if (config.bitrate <= 0) return Error{ErrorCode::kRange, "a video encoder's bitrate must be positive"};
  if (config.max_framerate < 1 || config.max_framerate > 240) {
    return Error{ErrorCode::kRange, "a video encoder's frame rate must be from 1 to 240"};
  }
  if (config.threads < 0 || config.threads > 16) {
    return Error{ErrorCode::kRange, "a video encoder takes from 1 to 16 threads, or 0 to choose by itself"};
  }
  if (config.max_slice_size != 0 && (config.max_slice_size < 400 || config.max_slice_size > 65'535)) {
    return Error{ErrorCode::kRange, "a video encoder's slices take from 400 to 65535 bytes, or 0 for any size"};
  }
  if (!supports(codec, config.scalability_mode)) {
    return Error{ErrorCode::kNotSupported, "the " + std::string(to_string(codec)) + " encoder makes no layers like " +
                                               to_string(config.scalability_mode)};
  }
  switch (codec) {
    case CodecType::kVp8: return make_vp8_encoder(config);
    case CodecType::kVp9: return make_vp9_encoder(config);
    case CodecType::kH264: return make_h264_encoder(config);
    case CodecType::kAv1: return make_av1_encoder(config);
    default: return not_a_video_codec(codec);
  }
}

Result<std::unique_ptr<VideoDecoder>> make_video_decoder(CodecType codec, const VideoDecoderConfig& config) {
  if (kind_of(codec) != MediaKind::kVideo) return not_a_video_codec(codec);
  if (config.threads < 1 || config.threads > 16) {
    return Error{ErrorCode::kRange, "a video decoder takes from 1 to 16 threads"};
  }
  if (config.max_pixels <= 0) return Error{ErrorCode::kRange, "a video decoder's largest picture must be positive"};
  switch (codec) {
    case CodecType::kVp8: return make_vp8_decoder(config);
    case CodecType::kVp9: return make_vp9_decoder(config);
    case CodecType::kH264: return make_h264_decoder(config);
    case CodecType::kAv1: return make_av1_decoder(config);
    default: return not_a_video_codec(codec);
  }
}

std::string_view encoder_implementation(CodecType codec) {
  switch (codec) {
    case CodecType::kVp8:
    case CodecType::kVp9: return "libvpx";
    case CodecType::kH264: return "OpenH264";
    case CodecType::kAv1: return "libaom";
    case CodecType::kOpus: return "libopus";
    case CodecType::kPcmu:
    case CodecType::kPcma: return "tidewire";
  }
  return "";
}

std::string_view decoder_implementation(CodecType codec) {
  return codec == CodecType::kAv1 ? "dav1d" : encoder_implementation(codec);
}

}  // namespace tidewire::codecs
