// What an encoder has to make for one encoding of a transceiver, as event::SendingChanged tells it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "tidewire/encoded_frame.h"
#include "tidewire/rtp_parameters.h"
#include "tidewire/time.h"

namespace tidewire {

// What the peer's description asks of an encoder of Opus (RFC 7587 §6.1) or of sound in general (RFC 8866 §6.4).
struct AudioSendParameters {
  bool stereo = false;  // two channels are welcome
  bool fec = false;     // useinbandfec
  bool dtx = false;     // usedtx
  // maxaveragebitrate, in bits per second.
  std::optional<std::uint32_t> max_average_bitrate;
  Duration packet_time = std::chrono::milliseconds{20};  // ptime, as far as the codec has it: 10 to 60 ms

  friend bool operator==(const AudioSendParameters&, const AudioSendParameters&) = default;
};

struct Resolution {
  int width = 0;
  int height = 0;

  friend bool operator==(const Resolution&, const Resolution&) = default;
};

struct SendEncoding {
  CodecType codec = CodecType::kVp8;
  // H.264 for a peer that takes no fragments (RFC 6184 packetization-mode=0): bytes that no NAL unit may exceed. 0:
  // any.
  std::size_t max_nal_unit_size = 0;
  // H.264: macroblocks, of 16 x 16 pixels, that a picture may have, and all pictures of a second, by the level that
  // the peer decodes (RFC 6184 §8.1). 0: any.
  std::uint32_t max_macroblocks = 0;
  std::uint32_t max_macroblocks_per_second = 0;
  // What the frames are to come to, in bits per second. It follows the path, several times a second.
  std::uint64_t bitrate = 0;
  // The path does not carry it for now: no frames are to be made.
  bool paused = false;
  // What the rate is enough for: pictures larger than this are to be made smaller, in the shape that they have. It
  // is of the one that lies; for upright pictures the sides change places. Nothing: any size.
  std::optional<Resolution> scale_resolution_down_to{};
  AudioSendParameters audio{};
  // As set_parameters() has them; scale_resolution_down_by is always there. An encoding that is not active makes no
  // frames.
  RtpEncodingParameters parameters{};

  friend bool operator==(const SendEncoding&, const SendEncoding&) = default;
};

}  // namespace tidewire
