// From encoded frames to a track: one for each transceiver that receives.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "codecs/audio_worker.h"
#include "codecs/video_worker.h"
#include "tidewire/encoded_frame.h"
#include "tidewire/media_stream_track.h"

namespace tidewire::peer {

class MediaReceiver {
 public:
  // `on_key_frame_needed` is called on the decoder's thread. Decoded media goes to the track, on the same thread.
  MediaReceiver(std::shared_ptr<MediaStreamTrack> track, std::function<void()> on_key_frame_needed);

  // The decoder is made when the first frame tells the codec.
  void push(EncodedFrame frame);
  // Sound of this length is missing.
  void push_lost(Duration length);
  std::uint64_t frames_decoded() const;

 private:
  void make_decoder(CodecType codec);

  std::shared_ptr<MediaStreamTrack> track_;
  std::function<void()> on_key_frame_needed_;
  std::unique_ptr<codecs::VideoDecodeWorker> video_;
  std::unique_ptr<codecs::AudioDecodeWorker> audio_;
};

}  // namespace tidewire::peer
