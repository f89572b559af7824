// Threads for audio codecs, with bounded queues in front of them. Threads, callbacks and stopping are as in
// codecs/video_worker.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "codecs/audio_codec.h"
#include "tidewire/error.h"

namespace tidewire::codecs {

struct AudioWorkerStats {
  std::uint64_t pushed = 0;
  std::uint64_t done = 0;       // frames given to on_frame
  std::uint64_t concealed = 0;  // of these, made up or recovered for lost ones
  std::uint64_t dropped = 0;
  std::uint64_t errors = 0;
  // Of decoded sound: the root mean square of the newest frame, 0 to 1 (full scale), and the sum of its square times
  // seconds over all.
  double level = 0;
  double energy = 0;
  std::chrono::duration<double> duration{};
};

class AudioEncodeWorker {
 public:
  // Runs of samples that may wait: half a second of 20 ms ones.
  static constexpr int kQueueLimit = 25;

  struct Callbacks {
    std::function<void(EncodedFrame)> on_frame;
    std::function<void(Error)> on_error;  // may be empty
  };

  AudioEncodeWorker(std::unique_ptr<AudioEncoder> encoder, Callbacks callbacks);
  ~AudioEncodeWorker();

  // Drop rule: when the queue is full the oldest run makes room.
  void push(AudioFrame frame);
  void set_bitrate(int bits_per_second);
  void set_expected_loss(int percent);
  void stop();
  AudioWorkerStats stats() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

class AudioDecodeWorker {
 public:
  // Frames that may wait: half a second of 20 ms ones.
  static constexpr int kQueueLimit = 25;

  struct Callbacks {
    std::function<void(AudioFrame)> on_frame;
    std::function<void(Error)> on_error;  // garbage in; the next good frame plays. May be empty.
  };

  AudioDecodeWorker(std::unique_ptr<AudioDecoder> decoder, Callbacks callbacks);
  ~AudioDecodeWorker();

  // A frame whose turn it is; its sound is made longer by `stretch`, or shorter when that is negative, without a change
  // of pitch and exact on average (codecs/time_stretch.h). Drop rule: when the queue is full the oldest one makes room.
  void push(EncodedFrame frame, Duration stretch = Duration::zero());
  // A frame whose turn it would be, but that is lost. `next` is the frame after it, if that one is there already:
  // its redundancy is used. It is pushed in its own turn as well.
  void push_lost(Duration length, std::optional<EncodedFrame> next = std::nullopt);
  void stop();
  AudioWorkerStats stats() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidewire::codecs
