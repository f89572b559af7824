#include "peer/media_receiver.h"

#include <utility>

#include "codecs/picture_transform.h"

namespace tidewire::peer {

namespace {

// 3GPP TS 26.114 §7.4.5: the viewer turns the picture. It is done here, so that no sink has to know.
VideoFrame upright(const VideoFrame& frame) {
  VideoFrame turned = codecs::rotated(frame, frame.rotation);
  turned.rotation = 0;
  return turned;
}

}  // namespace

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
    // RFC 7587 §6.1: who sends in stereo was asked for it ("stereo=1"), or has reasons of its own.
    auto decoder = codecs::make_audio_decoder(codec, {.channels = 2});
    if (!decoder) return;
    audio_ = std::make_unique<codecs::AudioDecodeWorker>(
        std::move(*decoder), codecs::AudioDecodeWorker::Callbacks{
                                 .on_frame = [track = track_](const AudioFrame& frame) { track->push(frame); }});
  } else {
    auto decoder = codecs::make_video_decoder(codec);
    if (!decoder) return;
    video_ = std::make_unique<codecs::VideoDecodeWorker>(
        std::move(*decoder), codecs::VideoDecodeWorker::Callbacks{
                                 .on_frame = [track = track_](const VideoFrame& frame) { track->push(upright(frame)); },
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
  stats.key_frames_decoded = before_.key_frames_decoded;
  stats.qp_sum = before_.qp_sum;
  stats.total_decode_time = before_.total_decode_time;
  stats.total_processing_delay += before_.total_decode_time;
  if (video_) {
    const codecs::VideoDecodeWorker::Stats video = video_->stats();
    stats.key_frames_decoded += video.key_frames_decoded;
    stats.qp_sum += video.qp_sum;
    stats.total_decode_time += video.decode_time;
    stats.total_processing_delay += video.decode_time;
  }
  if (codec_) stats.decoder_implementation = codecs::decoder_implementation(*codec_);
  if (!audio_) return;
  const codecs::AudioWorkerStats audio = audio_->stats();
  stats.audio_level = audio.level;
  stats.total_audio_energy += audio.energy;
  stats.total_samples_duration += audio.duration;
}

}  // namespace tidewire::peer
