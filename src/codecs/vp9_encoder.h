// VP9, profile 0, by libvpx, tuned for conversation: see vp9_encoder.cc.
#pragma once

#include <memory>

#include "codecs/video_codec.h"

namespace tidewire::codecs {

std::unique_ptr<VideoEncoder> make_vp9_encoder(const VideoEncoderConfig& config);

}  // namespace tidewire::codecs
