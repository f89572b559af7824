// AV1, profile main, by libaom, tuned for conversation: see av1_encoder.cc.
#pragma once

#include <memory>

#include "codecs/video_codec.h"

namespace tidewire::codecs {

std::unique_ptr<VideoEncoder> make_av1_encoder(const VideoEncoderConfig& config);

}  // namespace tidewire::codecs
