// VP9, profile 0, by libvpx, hardened against garbage: see vp9_decoder.cc.
#pragma once

#include <memory>

#include "codecs/video_codec.h"

namespace tidewire::codecs {

std::unique_ptr<VideoDecoder> make_vp9_decoder(const VideoDecoderConfig& config);

}  // namespace tidewire::codecs
