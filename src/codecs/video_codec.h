// Pictures to bytes and back: the interfaces, and the factories that know which codec lies behind a name.
//
// An encoder or decoder belongs to one thread at a time and calls nobody; codecs/video_worker.h gives it a thread.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "tidewire/encoded_frame.h"
#include "tidewire/result.h"
#include "tidewire/video_frame.h"

namespace tidewire::codecs {

struct VideoRates {
  int bitrate = 1'000'000;  // bit/s of all layers, kept on average; clamped to 30 kbit/s … 50 Mbit/s
  int max_framerate = 30;   // pictures per second; what the rate control plans with; clamped to 1 … 240

  friend bool operator==(const VideoRates&, const VideoRates&) = default;
};

// What the pictures show (W3C mst-content-hint: "motion" against "detail" and "text").
enum class ContentHint : std::uint8_t {
  kCamera,
  kScreen,  // still for long, flat, sharp edges: the libraries' tools for that are used
};

struct VideoEncoderConfig {
  int bitrate = VideoRates{}.bitrate;
  int max_framerate = VideoRates{}.max_framerate;
  int threads = 0;  // 0: one, or two from 1280x720 on where there are four cores
  // Lets a decoder go on after a lost frame, at some cost in bits. Off: loss is repaired by key frames and
  // retransmission.
  bool error_resilient = false;
  // H.264 only: bytes that no slice exceeds, for peers that take one NAL unit in a packet and no fragments (RFC 6184
  // §6.2). 0: one slice for each thread.
  int max_slice_size = 0;
  // kNotSupported when the codec has no such layers. Spatial layers need pictures whose lowest layer has 16 pixels on
  // each side.
  ScalabilityMode scalability_mode;
  ContentHint content_hint = ContentHint::kCamera;
  // Takes the noise of a camera away before coding, at some cost in time. Not with several spatial layers.
  bool denoise = false;
};

class VideoEncoder {
 public:
  virtual ~VideoEncoder() = default;

  // Compresses a picture. Nothing when the rate control chose to skip it. The first picture is a key frame. One of
  // another size than the one before is one, too, where the codec needs that: VP8 and H.264 always; VP9 and AV1 only
  // when it is larger than the pictures that the encoder began with, or less than half as large as one since the last
  // key frame. The output's rtp_timestamp is frame.timestamp on the
  // 90 kHz clock, without a random offset (RFC 3550 §5.1 wants one: the sender adds it); its timestamp is the frame's.
  virtual Result<std::optional<EncodedFrame>> encode(const VideoFrame& frame) = 0;

  // Targets for the pictures to come. Changes without a key frame.
  virtual void set_rates(const VideoRates& rates) = 0;

  // The next picture becomes a key frame and is not skipped.
  virtual void request_key_frame() = 0;

  // Of the time before the next picture so much was not to be encoded, and earns it no bits. Without this, pictures
  // that are left out because those before were too large make the next one as large again.
  virtual void leave_out(Duration time) = 0;
};

struct VideoDecoderConfig {
  int threads = 1;
  // A key frame with more pixels than this is refused: the memory that a peer can make a decoder take is bounded.
  int max_pixels = 4096 * 2304;
};

class VideoDecoder {
 public:
  virtual ~VideoDecoder() = default;

  // Decompresses one whole frame, in decoding order. Nothing when the frame is not meant to be shown. An error
  // (kEncoding) when the bytes are garbage; from then on, as at the start, every frame up to the next good key frame
  // is an error too. The output carries the input's timestamp and rtp_timestamp.
  virtual Result<std::optional<VideoFrame>> decode(const EncodedFrame& frame) = 0;

  // What the frame that was decoded last was quantised with, on the scale of EncodedFrame::quantizer. -1: unknown.
  virtual int quantizer() const { return -1; }
};

// Which library does it (W3C encoderImplementation, decoderImplementation).
std::string_view encoder_implementation(CodecType codec);
std::string_view decoder_implementation(CodecType codec);

// kNotSupported for a codec that is not built in or no video codec; kRange for a config that makes no sense.
Result<std::unique_ptr<VideoEncoder>> make_video_encoder(CodecType codec, const VideoEncoderConfig& config = {});
Result<std::unique_ptr<VideoDecoder>> make_video_decoder(CodecType codec, const VideoDecoderConfig& config = {});

}  // namespace tidewire::codecs
