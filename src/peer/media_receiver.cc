#include "peer/media_receiver.h"

#include <utility>

namespace tidewire::peer {

MediaReceiver::MediaReceiver(std::shared_ptr<MediaStreamTrack> track, std::function<void()> on_key_frame_needed)
    : track_(std::move(track)), on_key_frame_needed_(std::move(on_key_frame_needed)) {}

void MediaReceiver::make_decoder(CodecType codec) {
  if (codec == CodecType::kOpus) {
    if (audio_) return;
    auto decoder = codecs::make_audio_decoder(codec);
    // Only codecs that the negotiator offers arrive here, and each of those has a decoder.
    if (!decoder) return;
    audio_ = std::make_unique<codecs::AudioDecodeWorker>(
        std::move(*decoder), codecs::AudioDecodeWorker::Callbacks{
                                 .on_frame = [track = track_](const AudioFrame& frame) { track->push(frame); }});
  } else if (!video_) {
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
  if (frame.codec == CodecType::kOpus) {
    if (audio_) audio_->push(std::move(frame));
  } else if (video_) {
    video_->push(std::move(frame));
  }
}

void MediaReceiver::push_lost(Duration length) {
  if (audio_) audio_->push_lost(length);
}

std::uint64_t MediaReceiver::frames_decoded() const {
  if (video_) return video_->stats().decoded;
  return audio_ ? audio_->stats().done : 0;
}

}  // namespace tidewire::peer
