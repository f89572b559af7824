// Threads for video codecs, with bounded queues in front of them.
//
// Common to both workers:
// - Calls are legal from any thread, callbacks included, and never block (stop() and the destructor apart).
// - Callbacks run on the worker's thread, one at a time: the owner posts to its event loop from them.
// - After stop() no callback runs. Called from outside it waits for the one that is running; from inside a callback
//   it returns at once. The destructor stops; destroying a worker from its own callback is legal. So the only way to
//   deadlock is a callback that waits for the very thread that stops the worker: callbacks should not wait.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "codecs/video_codec.h"
#include "tidewire/error.h"

namespace tidewire::codecs {

class VideoEncodeWorker {
 public:
  struct Callbacks {
    std::function<void(EncodedFrame)> on_frame;
    std::function<void(Error)> on_error;  // a picture could not be encoded; the next one is tried. May be empty.
  };
  struct Stats {
    std::uint64_t pushed = 0;
    std::uint64_t encoded = 0;
    std::uint64_t key_frames_encoded = 0;
    std::uint64_t dropped = 0;  // replaced by a newer picture before the encoder got to them
    std::uint64_t skipped = 0;  // by the encoder's rate control
    std::uint64_t errors = 0;
    Duration encode_time{};          // of those that were encoded
    Duration busy_time{};            // of all that the encoder was given
    std::uint64_t bytes_target = 0;  // what they would have come to at the bitrate asked for
  };

  // `rates`: those that the encoder was made for.
  VideoEncodeWorker(std::unique_ptr<VideoEncoder> encoder, Callbacks callbacks, const VideoRates& rates = {});
  ~VideoEncodeWorker();

  // Drop rule: one picture waits at most; a newer one takes its place. An encoder that is too slow thus lowers
  // the frame rate and never adds delay.
  void push(VideoFrame frame);
  // Both take effect with the next picture that is encoded.
  void set_rates(const VideoRates& rates);
  void request_key_frame();
  // See VideoEncoder; of the time before the picture that is pushed next.
  void leave_out(Duration time);
  void stop();
  Stats stats() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

class VideoDecodeWorker {
 public:
  // Frames that may wait. A third of a second at 30 Hz: enough for a burst after a retransmission.
  static constexpr int kQueueLimit = 10;

  struct Callbacks {
    std::function<void(VideoFrame)> on_frame;
    // Frames are being dropped until a key frame comes: at the start, after garbage, and after an overflow.
    // Called for every frame that is dropped for that reason, so that a lost request is repeated: the owner limits
    // the rate at which it asks (RFC 4585 §6.3.1). May be empty.
    std::function<void()> on_key_frame_needed;
  };
  struct Stats {
    std::uint64_t pushed = 0;
    std::uint64_t decoded = 0;
    std::uint64_t key_frames_decoded = 0;
    std::uint64_t dropped = 0;  // overflow, or waiting for a key frame
    std::uint64_t errors = 0;   // frames that the decoder refused
    Duration decode_time{};
    std::uint64_t qp_sum = 0;  // of the frames whose quantizer is known
  };

  VideoDecodeWorker(std::unique_ptr<VideoDecoder> decoder, Callbacks callbacks);
  ~VideoDecodeWorker();

  // Drop rule: when kQueueLimit frames wait, this one and all that follow up to the next key frame are dropped, for
  // they could not be decoded without it. A key frame that finds the queue full takes the place of all that wait.
  void push(EncodedFrame frame);
  void stop();
  Stats stats() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidewire::codecs
