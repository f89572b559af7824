// AV1, by dav1d, hardened against garbage: see av1_decoder.cc.
#pragma once

#include <memory>

#include "codecs/video_codec.h"

namespace tidewire::codecs {

std::unique_ptr<VideoDecoder> make_av1_decoder(const VideoDecoderConfig& config);

}  // namespace tidewire::codecs
