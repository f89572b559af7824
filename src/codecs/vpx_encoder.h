// What VP8 and VP9 by libvpx have in common when they encode: constant bitrate, no look-ahead, key frames only when
// asked for.
//
// Where a number is no default of libvpx, it is the one that browsers use for calls, so that a native peer reacts to
// the network as its counterpart does.
#pragma once

#include <vpx/vp8cx.h>
#include <vpx/vpx_encoder.h>

#include <memory>

#include "codecs/layer_sequence.h"
#include "codecs/picture.h"
#include "codecs/video_codec.h"

namespace tidewire::codecs {

// What an encoder that is being made is for.
struct VpxPurpose {
  Size size;
  int threads = 1;
  bool screen = false;
  bool denoise = false;
  ScalabilityMode mode;
};

// What tells the one from the other.
struct VpxEncoding {
  CodecType codec;
  vpx_codec_iface_t* (*interface)();
  int max_side;            // pixels
  unsigned min_quantizer;  // of the 0–63 range
  unsigned max_quantizer;
  // A picture may refer to others of another size, from half of its own on.
  bool scales_references;
  // Settings of an encoder that was just made.
  void (*tune)(vpx_codec_ctx_t& context, const VpxPurpose& purpose);
  // Shares `kilobits` among the layers.
  void (*share)(vpx_codec_enc_cfg_t& config, ScalabilityMode mode, int kilobits);
  // Tells the library what the next picture may refer to; the rest of that goes into the flags.
  vpx_enc_frame_flags_t (*prepare)(vpx_codec_ctx_t& context, const LayerSequence& layers, bool key_frame);
  // The sizes of the spatial layers' frames in the picture. False when they are not as many as there should be.
  bool (*measure)(ByteView payload, PictureLayers& layers);
};

std::unique_ptr<VideoEncoder> make_vpx_encoder(const VpxEncoding& codec, const VideoEncoderConfig& config);

}  // namespace tidewire::codecs
