#include "peer/media_sender.h"

#include <algorithm>
#include <string>
#include <utility>

#include "devices/clock.h"

namespace tidewire::peer {

namespace {

codecs::ContentHint content_of(const MediaStreamTrack& track) {
  return MediaSender::shows_details(track) ? codecs::ContentHint::kScreen : codecs::ContentHint::kCamera;
}

}  // namespace

bool MediaSender::shows_details(const MediaStreamTrack& track) {
  const std::string hint = track.content_hint();
  return hint == "detail" || hint == "text";
}

void MediaSender::set_encodings(const std::vector<SendEncoding>& encodings) {
  const codecs::ContentHint content = track_ ? content_of(*track_) : codecs::ContentHint::kCamera;
  const auto goes_on = [content](const EncodingPipe& pipe, const SendEncoding& wanted) {
    return pipe.shows(content) && !pipe.needs_another(wanted);
  };
  if (std::ranges::equal(pipes_, encodings, goes_on)) {
    // Rates follow the path many times in a call; nothing that the source gives may be lost by it.
    for (std::size_t i = 0; i < encodings.size(); ++i) pipes_[i].configure(encodings[i]);
    return;
  }
  subscription_ = Subscription();
  while (pipes_.size() > encodings.size()) pipes_.pop_back();
  while (pipes_.size() < encodings.size()) {
    pipes_.emplace_back(
        [on_frame = on_frame_, index = pipes_.size()](EncodedFrame frame) { on_frame(index, std::move(frame)); });
  }
  for (std::size_t i = 0; i < encodings.size(); ++i) {
    pipes_[i].set_content(content);
    pipes_[i].configure(encodings[i]);
  }
  subscribe();
}

void MediaSender::hold(bool held) {
  for (EncodingPipe& pipe : pipes_) pipe.hold(held);
}

void MediaSender::set_track(const std::shared_ptr<MediaStreamTrack>& track) {
  subscription_ = Subscription();
  if (std::exchange(track_, track) != track) meter_.restart();
  for (EncodingPipe& pipe : pipes_) {
    if (track_) pipe.set_content(content_of(*track_));
    pipe.request_key_frame();
  }
  subscribe();
}

void MediaSender::subscribe() {
  if (!track_ || pipes_.empty()) return;
  if (kind_ == MediaKind::kVideo) {
    begin_with_newest_picture();
    subscription_ = track_->add_video_sink([this](const VideoFrame& frame) { encode(frame); });
  } else {
    subscription_ = track_->add_audio_sink([this](const AudioFrame& frame) {
      meter_.note(frame);
      for (EncodingPipe& pipe : pipes_) pipe.push(frame);
    });
  }
}

// So that the other side need not wait for the source's next one, which takes half a frame's interval on average.
void MediaSender::begin_with_newest_picture() {
  const std::optional<VideoFrame> picture = track_->newest_picture();
  if (!picture || picture->timestamp <= newest_picture_) return;
  if (devices::steady_now() - picture->timestamp <= kNewPicture) encode(*picture);
}

void MediaSender::encode(const VideoFrame& frame) {
  meter_.note(frame, devices::steady_now());
  newest_picture_ = frame.timestamp;
  for (EncodingPipe& pipe : pipes_) pipe.push(frame);
}

void MediaSender::request_key_frame(std::size_t encoding) {
  if (encoding < pipes_.size()) pipes_[encoding].request_key_frame();
}

void MediaSender::note_loss(std::size_t encoding, double fraction_lost) {
  if (encoding < pipes_.size()) pipes_[encoding].note_loss(fraction_lost);
}

void MediaSender::fill(std::size_t encoding, OutboundRtpStreamStats& stats) const {
  if (encoding < pipes_.size()) pipes_[encoding].fill(stats);
}

std::optional<EncoderLoad> MediaSender::take_load(Timestamp now) {
  return pipes_.size() == 1 ? pipes_.front().take_load(now) : std::nullopt;
}

std::optional<MediaSourceStats> MediaSender::source_stats(Timestamp now) const {
  if (!track_) return std::nullopt;
  MediaSourceStats stats{.kind = kind_, .mid = {}, .track_identifier = track_->id()};
  meter_.fill(stats, now);
  return stats;
}

}  // namespace tidewire::peer
