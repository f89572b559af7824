// What VP8 and VP9 by libvpx have in common when they encode: constant bitrate, no look-ahead, key frames only when
// asked for.
//
// Where a number is no default of libvpx, it is the one that browsers use for calls, so that a native peer reacts to
// the network as its counterpart does.
#pragma once

#include <vpx/vp8cx.h>
#include <vpx/vpx_encoder.h>

#include <memory>

#include "codecs/picture.h"
#include "codecs/video_codec.h"

namespace tidewire::codecs {

// What tells the one from the other.
struct VpxEncoding {
  CodecType codec;
  vpx_codec_iface_t* (*interface)();
  int max_side;            // pixels
  unsigned min_quantizer;  // of the 0–63 range
  unsigned max_quantizer;
  // Settings of an encoder that was just made for pictures of this size.
  void (*tune)(vpx_codec_ctx_t& context, Size size, int threads);
};

std::unique_ptr<VideoEncoder> make_vpx_encoder(const VpxEncoding& codec, const VideoEncoderConfig& config);

}  // namespace tidewire::codecs
