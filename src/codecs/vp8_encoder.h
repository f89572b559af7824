// VP8 (RFC 6386) by libvpx, tuned for conversation: see vp8_encoder.cc.
#pragma once

#include <memory>

#include "codecs/video_codec.h"

namespace tidewire::codecs {

std::unique_ptr<VideoEncoder> make_vp8_encoder(const VideoEncoderConfig& config);

}  // namespace tidewire::codecs
