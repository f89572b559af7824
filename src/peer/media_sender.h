// From a track to encoded frames: one for each transceiver that sends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "codecs/audio_worker.h"
#include "codecs/video_worker.h"
#include "tidewire/encoded_frame.h"
#include "tidewire/media_stream_track.h"
#include "tidewire/result.h"

namespace tidewire::peer {

class MediaSender {
 public:
  // Called on the encoder's thread with each frame.
  using OnFrame = std::function<void(EncodedFrame)>;

  struct Options {
    CodecType codec = CodecType::kVp8;
    std::uint32_t bitrate = 0;          // bits per second
    std::size_t max_nal_unit_size = 0;  // event::SendingChanged
  };

  // NotSupported when there is no such encoder. Another codec needs another sender.
  static Result<std::unique_ptr<MediaSender>> make(const Options& options, OnFrame on_frame);

  // Encodes what this track gives from now on; null: nothing. The next picture is a key frame.
  void set_track(const std::shared_ptr<MediaStreamTrack>& track);
  void request_key_frame();
  std::uint64_t frames_encoded() const;

 private:
  std::unique_ptr<codecs::VideoEncodeWorker> video_;
  std::unique_ptr<codecs::AudioEncodeWorker> audio_;
  // After the workers, so that it ends first: nothing is pushed into a worker that is gone.
  Subscription subscription_;
};

}  // namespace tidewire::peer
