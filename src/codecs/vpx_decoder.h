// What VP8 and VP9 by libvpx have in common when they decode. What comes in is hostile: headers are read before libvpx
// sees them, and a decoder that has failed once refuses everything up to the next key frame, so that damage is never
// shown.
#pragma once

#include <vpx/vp8dx.h>
#include <vpx/vpx_decoder.h>

#include <memory>
#include <optional>

#include "codecs/picture.h"
#include "codecs/video_codec.h"
#include "tidewire/bytes.h"

namespace tidewire::codecs {

struct VpxFrameHeader {
  bool key_frame = false;
  bool shown = false;
  Size largest;  // of the pictures inside that say their size; zero when none does
};

// What tells the one from the other.
struct VpxDecoding {
  CodecType codec;
  vpx_codec_iface_t* (*interface)();
  std::optional<VpxFrameHeader> (*parse)(ByteView frame);  // nothing: it is no frame
};

std::unique_ptr<VideoDecoder> make_vpx_decoder(const VpxDecoding& codec, const VideoDecoderConfig& config);

}  // namespace tidewire::codecs
