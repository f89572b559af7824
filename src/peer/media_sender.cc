#include "peer/media_sender.h"

#include <utility>

namespace tidewire::peer {

Result<std::unique_ptr<MediaSender>> MediaSender::make(const Options& options, OnFrame on_frame) {
  auto sender = std::make_unique<MediaSender>();
  const int bitrate = static_cast<int>(options.bitrate);
  if (kind_of(options.codec) == MediaKind::kAudio) {
    auto encoder = codecs::make_audio_encoder(options.codec, {.bitrate = bitrate});
    if (!encoder) return encoder.error();
    sender->audio_ = std::make_unique<codecs::AudioEncodeWorker>(
        std::move(*encoder), codecs::AudioEncodeWorker::Callbacks{.on_frame = std::move(on_frame)});
  } else {
    const int slice = static_cast<int>(options.max_nal_unit_size);
    auto encoder = codecs::make_video_encoder(options.codec, {.bitrate = bitrate, .max_slice_size = slice});
    if (!encoder) return encoder.error();
    sender->video_ = std::make_unique<codecs::VideoEncodeWorker>(
        std::move(*encoder), codecs::VideoEncodeWorker::Callbacks{.on_frame = std::move(on_frame)});
  }
  return sender;
}

void MediaSender::set_track(const std::shared_ptr<MediaStreamTrack>& track) {
  subscription_ = Subscription();
  if (!track) return;
  if (video_) {
    video_->request_key_frame();
    subscription_ = track->add_video_sink([this](const VideoFrame& frame) { video_->push(frame); });
  } else {
    subscription_ = track->add_audio_sink([this](const AudioFrame& frame) { audio_->push(frame); });
  }
}

void MediaSender::request_key_frame() {
  if (video_) video_->request_key_frame();
}

std::uint64_t MediaSender::frames_encoded() const { return video_ ? video_->stats().encoded : audio_->stats().done; }

}  // namespace tidewire::peer
