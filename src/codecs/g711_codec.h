// G.711 with either law: see g711_codec.cc.
#pragma once

#include <memory>

#include "codecs/audio_codec.h"

namespace tidewire::codecs {

// `codec` is kPcmu or kPcma.
Result<std::unique_ptr<AudioEncoder>> make_g711_encoder(CodecType codec, const AudioEncoderConfig& config);
Result<std::unique_ptr<AudioDecoder>> make_g711_decoder(CodecType codec, const AudioDecoderConfig& config);

}  // namespace tidewire::codecs
