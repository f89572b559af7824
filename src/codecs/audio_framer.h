// Cuts sound of any run length into the frames of one length that audio encoders take, and keeps their place in time.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "tidewire/audio_frame.h"
#include "tidewire/result.h"

namespace tidewire::codecs {

constexpr int kAudioRate = 48'000;                  // of all raw sound here
constexpr int kAudioFrameLength = kAudioRate / 50;  // samples per channel in 20 ms

class AudioFramer {
 public:
  // `length` in samples per channel.
  explicit AudioFramer(int channels, int length = kAudioFrameLength) : channels_(channels), length_(length) {}

  int length() const { return length_; }

  // Takes 48 kHz sound of one or two channels, mixed down or doubled as needed; kNotSupported for another.
  Result<> push(const AudioFrame& frame);

  struct Run {
    std::span<const std::int16_t> samples;  // until the next push
    std::int64_t position = 0;              // of its first sample, on the 48 kHz clock
    Timestamp timestamp() const;
    // RFC 6464 §3: the loudness of the run, from -127 (silence) to 0.
    int level_dbov() const;
  };
  // The next frame; nothing when there is less.
  std::optional<Run> next();

 private:
  void follow(Timestamp timestamp);
  void append(const AudioFrame& frame);

  int channels_;
  int length_;
  std::vector<std::int16_t> waiting_;
  std::size_t used_ = 0;                  // of these, given out already
  std::optional<std::int64_t> position_;  // of the first one that waits
};

// Samples per channel of a packet of that time: 10, 20, 40 or 60 ms, which Opus and G.711 both have; 20 ms for any
// other.
int frame_length(Duration packet_time);

// The length of sound to make up for a loss, in samples per channel at `rate`: a multiple of 2.5 ms, at least that and
// at most 120 ms (AudioDecoder::conceal).
int concealed_length(Duration length, int rate);

}  // namespace tidewire::codecs
