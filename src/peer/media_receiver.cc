#include "peer/media_receiver.h"

#include <utility>

namespace tidewire::peer {

MediaReceiver::MediaReceiver(std::shared_ptr<MediaStreamTrack> track, std::function<void()> on_key_frame_needed)
    : track_(std::move(track)), on_key_frame_needed_(std::move(on_key_frame_needed)) {}

void MediaReceiver::end_decoder() {
  frames_decoded_ = frames_decoded();
  video_.reset();
  audio_.reset();
}

void MediaReceiver::make_decoder(CodecType codec) {
  if (codec_ == codec) return;
  end_decoder();
  codec_ = codec;
  // Only codecs that the negotiator offers arrive here, and each of those has a decoder.
  if (kind_of(codec) == MediaKind::kAudio) {
    auto decoder = codecs::make_audio_decoder(codec);
    if (!decoder) return;
    audio_ = std::make_unique<codecs::AudioDecodeWorker>(
        std::move(*decoder), codecs::AudioDecodeWorker::Callbacks{
                                 .on_frame = [track = track_](const AudioFrame& frame) { track->push(frame); }});
  } else {
    auto decoder = codecs::make_video_decoder(codec);
    if (!decoder) return;
    video_ = std::make_unique<codecs::VideoDecodeWorker>(
        std::move(*decoder), codecs::VideoDecodeWorker::Callbacks{
                                 .on_frame = [track = track_](const VideoFrame& frame) { track->push(frame); },
                                 .on_key_frame_needed = on_key_frame_needed_});
  }
}

void MediaReceiver::push(EncodedFrame frame) {
  make_decoder(frame.codec);
  if (audio_) {
    audio_->push(std::move(frame));
  } else if (video_) {
    video_->push(std::move(frame));
  }
}

void MediaReceiver::push_lost(Duration length) {
  if (audio_) audio_->push_lost(length);
}

std::uint64_t MediaReceiver::frames_decoded() const {
  if (video_) return frames_decoded_ + video_->stats().decoded;
  return frames_decoded_ + (audio_ ? audio_->stats().done : 0);
}

}  // namespace tidewire::peer
