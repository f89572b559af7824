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
#include "tidewire/rtp_stats.h"
#include "tidewire/session.h"

namespace tidewire::peer {

class MediaReceiver {
 public:
  // `on_key_frame_needed` is called on the decoder's thread. Decoded media goes to the track, on the same thread.
  MediaReceiver(std::shared_ptr<MediaStreamTrack> track, std::function<void()> on_key_frame_needed);

  // The decoder is made when a frame tells the codec, and anew when one tells another: the sender may choose among
  // what was negotiated at any time.
  void push(EncodedFrame frame);
  // A slot of sound.
  void play(event::AudioFrameReceived received);
  std::uint64_t frames_decoded() const;
  // What only the decoder knows.
  void fill(InboundRtpStreamStats& stats) const;

 private:
  void make_decoder(CodecType codec);
  void end_decoder();

  std::shared_ptr<MediaStreamTrack> track_;
  std::function<void()> on_key_frame_needed_;
  std::optional<CodecType> codec_;  // of the decoder
  InboundRtpStreamStats before_;    // of the decoders before it
  std::unique_ptr<codecs::VideoDecodeWorker> video_;
  std::unique_ptr<codecs::AudioDecodeWorker> audio_;
};

}  // namespace tidewire::peer
