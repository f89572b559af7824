// VP8 (RFC 6386) by libvpx, hardened against garbage: see vp8_decoder.cc.
#pragma once

#include <memory>

#include "codecs/video_codec.h"

namespace tidewire::codecs {

std::unique_ptr<VideoDecoder> make_vp8_decoder(const VideoDecoderConfig& config);

}  // namespace tidewire::codecs
