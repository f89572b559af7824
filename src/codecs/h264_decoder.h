// H.264, by OpenH264, hardened against garbage: see h264_decoder.cc.
#pragma once

#include <memory>

#include "codecs/video_codec.h"

namespace tidewire::codecs {

std::unique_ptr<VideoDecoder> make_h264_decoder(const VideoDecoderConfig& config);

}  // namespace tidewire::codecs
