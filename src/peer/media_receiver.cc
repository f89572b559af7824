#include "peer/media_receiver.h"

#include <utility>

namespace tidewire::peer {

MediaReceiver::MediaReceiver(std::shared_ptr<MediaStreamTrack> track, std::function<void()> on_key_frame_needed)
    : track_(std::move(track)), on_key_frame_needed_(std::move(on_key_frame_needed)) {}

void MediaReceiver::end_decoder() {
  fill(before_);
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

void MediaReceiver::play(event::AudioFrameReceived received) {
  if (!received.frame) {
    if (audio_) audio_->push_lost(received.duration, std::move(received.next));
    return;
  }
  make_decoder(received.frame->codec);
  if (audio_) audio_->push(std::move(*received.frame), received.play_for - received.duration);
}

std::uint64_t MediaReceiver::frames_decoded() const {
  if (video_) return before_.frames_decoded + video_->stats().decoded;
  return before_.frames_decoded + (audio_ ? audio_->stats().done : 0);
}

void MediaReceiver::fill(InboundRtpStreamStats& stats) const {
  stats.frames_decoded = frames_decoded();
  stats.audio_level = before_.audio_level;
  stats.total_audio_energy = before_.total_audio_energy;
  stats.total_samples_duration = before_.total_samples_duration;
  if (!audio_) return;
  const codecs::AudioWorkerStats audio = audio_->stats();
  stats.audio_level = audio.level;
  stats.total_audio_energy += audio.energy;
  stats.total_samples_duration += audio.duration;
}

}  // namespace tidewire::peer
