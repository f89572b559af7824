// Which video codec lies behind a name, and which configurations make sense.
#include "codecs/video_codec.h"

#include "codecs/vp8_decoder.h"
#include "codecs/vp8_encoder.h"

namespace tidewire::codecs {

namespace {

Error not_a_video_codec(CodecType codec) {
  return {ErrorCode::kNotSupported, "no video codec called '" + std::string(to_string(codec)) + "' is built in"};
}

}  // namespace

Result<std::unique_ptr<VideoEncoder>> make_video_encoder(CodecType codec, const VideoEncoderConfig& config) {
  if (codec != CodecType::kVp8) return not_a_video_codec(codec);
  if (config.bitrate <= 0) return Error{ErrorCode::kRange, "a video encoder's bitrate must be positive"};
  if (config.max_framerate < 1 || config.max_framerate > 240) {
    return Error{ErrorCode::kRange, "a video encoder's frame rate must be from 1 to 240"};
  }
  if (config.threads < 0 || config.threads > 16) {
    return Error{ErrorCode::kRange, "a video encoder takes from 1 to 16 threads, or 0 to choose by itself"};
  }
  return make_vp8_encoder(config);
}

Result<std::unique_ptr<VideoDecoder>> make_video_decoder(CodecType codec, const VideoDecoderConfig& config) {
  if (codec != CodecType::kVp8) return not_a_video_codec(codec);
  if (config.threads < 1 || config.threads > 16) {
    return Error{ErrorCode::kRange, "a video decoder takes from 1 to 16 threads"};
  }
  if (config.max_pixels <= 0) return Error{ErrorCode::kRange, "a video decoder's largest picture must be positive"};
  return make_vp8_decoder(config);
}

}  // namespace tidewire::codecs
