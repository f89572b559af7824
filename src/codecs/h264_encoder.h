// H.264, constrained baseline, by OpenH264, tuned for conversation: see h264_encoder.cc.
#pragma once

#include <memory>

#include "codecs/video_codec.h"

namespace tidewire::codecs {

std::unique_ptr<VideoEncoder> make_h264_encoder(const VideoEncoderConfig& config);

}  // namespace tidewire::codecs
