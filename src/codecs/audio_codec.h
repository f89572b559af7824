// Sound to bytes and back: the interfaces, and the factories that know which codec lies behind a name.
//
// An encoder or decoder belongs to one thread at a time and calls nobody; codecs/audio_worker.h gives it a thread.
#pragma once

#include <memory>
#include <vector>

#include "tidewire/audio_frame.h"
#include "tidewire/encoded_frame.h"
#include "tidewire/result.h"

namespace tidewire::codecs {

// G.711 has one channel and 64 kbit/s, whatever is wished here.
struct AudioEncoderConfig {
  int channels = 1;      // 1 or 2
  int bitrate = 32'000;  // bit/s; clamped to 6 … 510 kbit/s
  bool voice = true;     // false: tuned for music
  bool fec = true;       // in-band: each frame carries a coarse copy of the one before, as far as loss warrants it
  // What makes Opus redundant. From 8 % on libopus holds to SILK, which has room for redundancy but loses the thread of
  // music and tones with each loss; below that it uses CELT for those, which hides losses well, and SILK for speech.
  int expected_loss_percent = 5;
  bool dtx = false;                                      // send next to nothing in silence
  Duration packet_time = std::chrono::milliseconds{20};  // 10, 20, 40 or 60 ms; any other counts as 20
};

class AudioEncoder {
 public:
  virtual ~AudioEncoder() = default;

  // Takes 48 kHz sound in runs of any length, one or two channels (mixed down or doubled as needed), and gives
  // the frames that became complete. The output's rtp_timestamp counts samples on the codec's RTP clock (48 kHz
  // for Opus, 8 kHz for G.711) from Timestamp's origin, without a random offset: it follows the samples, and jumps
  // ahead when the input's timestamps show a gap of more than 20 ms, or where silence needs no frame (DTX).
  // kNotSupported for another sample rate.
  virtual Result<std::vector<EncodedFrame>> encode(const AudioFrame& frame) = 0;

  // Targets for the sound to come.
  virtual void set_bitrate(int bits_per_second) = 0;
  virtual void set_expected_loss(int percent) = 0;
};

struct AudioDecoderConfig {
  // At most, 1 or 2. With two, the output has one channel until something in stereo comes, and two from there on.
  int channels = 1;
};

// Output is 48 kHz and carries the timestamp of the frame that it was made from.
class AudioDecoder {
 public:
  virtual ~AudioDecoder() = default;

  // Decodes one frame, in playing order. An error (kEncoding) when the bytes are garbage; the next good frame plays.
  virtual Result<AudioFrame> decode(const EncodedFrame& frame) = 0;

  // Makes up sound for a frame that was lost; fades out when called again and again. The length is rounded down to a
  // multiple of 2.5 ms, at least that and at most 120 ms.
  virtual Result<AudioFrame> conceal(Duration length) = 0;

  // Makes the lost frame before `next` from the redundancy inside `next`, or conceals when there is none.
  // decode(next) follows as usual.
  virtual Result<AudioFrame> recover(Duration length, const EncodedFrame& next) = 0;
};

// kNotSupported for a codec that is not built in or no audio codec; kRange for a config that makes no sense.
Result<std::unique_ptr<AudioEncoder>> make_audio_encoder(CodecType codec, const AudioEncoderConfig& config = {});
Result<std::unique_ptr<AudioDecoder>> make_audio_decoder(CodecType codec, const AudioDecoderConfig& config = {});

}  // namespace tidewire::codecs
