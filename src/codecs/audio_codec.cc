// Which audio codec lies behind a name, and which configurations make sense.
#include "codecs/audio_codec.h"

#include "codecs/g711_codec.h"
#include "codecs/opus_codec.h"

namespace tidewire::codecs {

namespace {

Error not_an_audio_codec(CodecType codec) {
  return {ErrorCode::kNotSupported, "no audio codec called '" + std::string(to_string(codec)) + "' is built in"};
}

bool sane_channels(int channels) { return channels == 1 || channels == 2; }

}  // namespace

Result<std::unique_ptr<AudioEncoder>> make_audio_encoder(CodecType codec, const AudioEncoderConfig& config) {
  if (kind_of(codec) != MediaKind::kAudio) return not_an_audio_codec(codec);
  if (!sane_channels(config.channels)) return Error{ErrorCode::kRange, "an audio encoder has one or two channels"};
  if (config.bitrate <= 0) return Error{ErrorCode::kRange, "an audio encoder's bitrate must be positive"};
  return codec == CodecType::kOpus ? make_opus_encoder(config) : make_g711_encoder(codec, config);
}

Result<std::unique_ptr<AudioDecoder>> make_audio_decoder(CodecType codec, const AudioDecoderConfig& config) {
  if (kind_of(codec) != MediaKind::kAudio) return not_an_audio_codec(codec);
  if (!sane_channels(config.channels)) return Error{ErrorCode::kRange, "an audio decoder has one or two channels"};
  return codec == CodecType::kOpus ? make_opus_decoder(config) : make_g711_decoder(codec, config);
}

}  // namespace tidewire::codecs
