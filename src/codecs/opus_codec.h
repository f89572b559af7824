// Opus (RFC 6716, RFC 7587) by libopus: see opus_codec.cc.
#pragma once

#include <memory>

#include "codecs/audio_codec.h"

namespace tidewire::codecs {

Result<std::unique_ptr<AudioEncoder>> make_opus_encoder(const AudioEncoderConfig& config);
Result<std::unique_ptr<AudioDecoder>> make_opus_decoder(const AudioDecoderConfig& config);

}  // namespace tidewire::codecs
