#include "tidewire/media_stream_track.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>

namespace tidewire {
namespace {

// What a disabled camera shows: RFC-less, but what the W3C asks for (§4.3.2): black.
VideoFrame black(const VideoFrame& frame) {
  auto buffer = std::make_shared<I420Buffer>(frame.width(), frame.height());
  const auto luma = static_cast<std::size_t>(buffer->stride_y()) * static_cast<std::size_t>(buffer->height());
  const auto chroma = static_cast<std::size_t>(buffer->stride_uv()) * static_cast<std::size_t>(buffer->chroma_height());
  std::memset(buffer->y(), 16, luma);
  std::memset(buffer->u(), 128, chroma);
  std::memset(buffer->v(), 128, chroma);
  return {.buffer = std::move(buffer), .timestamp = frame.timestamp, .rtp_timestamp = frame.rtp_timestamp};
}

AudioFrame silence(const AudioFrame& frame) {
  AudioFrame silent = frame;
  std::ranges::fill(silent.samples, std::int16_t{0});
  return silent;
}

}  // namespace

Subscription& Subscription::operator=(Subscription&& other) noexcept {
  if (this != &other) {
    if (cancel_) cancel_();
    cancel_ = std::move(other.cancel_);
  }
  return *this;
}

Subscription::~Subscription() {
  if (cancel_) cancel_();
}

struct MediaStreamTrack::State {
  MediaKind kind = MediaKind::kVideo;
  std::string id;
  std::string label;

  // Held while sinks run: that is how the end of a Subscription waits for its sink.
  std::mutex delivery;
  std::map<int, VideoSink> video_sinks;
  std::map<int, AudioSink> audio_sinks;
  int next_sink = 0;

  std::mutex mutex;
  bool enabled = true;
  ReadyState ready_state = ReadyState::kLive;
  bool muted = false;
  std::string content_hint;
  std::optional<VideoFrame> newest_picture;
  std::weak_ptr<const AudioPlayout> playout;
  UniqueFunction<void()> on_stop;
  UniqueFunction<void(bool)> on_muted_change;

  bool live() {
    const std::lock_guard lock(mutex);
    return ready_state == ReadyState::kLive;
  }
  bool is_enabled() {
    const std::lock_guard lock(mutex);
    return enabled;
  }
  // False once the track has ended.
  bool keep(const VideoFrame& frame) {
    const std::lock_guard lock(mutex);
    if (ready_state == ReadyState::kEnded) return false;
    newest_picture = frame;
    return true;
  }
};

MediaStreamTrack::MediaStreamTrack(MediaKind kind, std::string id, std::string label)
    : state_(std::make_shared<State>()) {
  state_->kind = kind;
  state_->id = std::move(id);
  state_->label = std::move(label);
}

MediaStreamTrack::~MediaStreamTrack() { stop(); }

MediaKind MediaStreamTrack::kind() const { return state_->kind; }
const std::string& MediaStreamTrack::id() const { return state_->id; }
const std::string& MediaStreamTrack::label() const { return state_->label; }

MediaStreamTrack::ReadyState MediaStreamTrack::ready_state() const {
  return state_->live() ? ReadyState::kLive : ReadyState::kEnded;
}

bool MediaStreamTrack::enabled() const { return state_->is_enabled(); }

void MediaStreamTrack::set_enabled(bool enabled) {
  const std::lock_guard lock(state_->mutex);
  state_->enabled = enabled;
}

bool MediaStreamTrack::muted() const {
  const std::lock_guard lock(state_->mutex);
  return state_->muted;
}

void MediaStreamTrack::set_muted(bool muted) {
  UniqueFunction<void(bool)> on_change;
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->muted == muted) return;
    state_->muted = muted;
    on_change = std::move(state_->on_muted_change);
  }
  if (!on_change) return;
  on_change(muted);
  // It may have set another.
  const std::lock_guard lock(state_->mutex);
  if (!state_->on_muted_change) state_->on_muted_change = std::move(on_change);
}

void MediaStreamTrack::set_on_muted_change(UniqueFunction<void(bool)> on_change) {
  const std::lock_guard lock(state_->mutex);
  state_->on_muted_change = std::move(on_change);
}

std::string MediaStreamTrack::content_hint() const {
  const std::lock_guard lock(state_->mutex);
  return state_->content_hint;
}

void MediaStreamTrack::set_content_hint(std::string hint) {
  const std::lock_guard lock(state_->mutex);
  state_->content_hint = std::move(hint);
}

void MediaStreamTrack::set_playout(const std::shared_ptr<const AudioPlayout>& playout) {
  const std::lock_guard lock(state_->mutex);
  state_->playout = playout;
}

std::shared_ptr<const AudioPlayout> MediaStreamTrack::playout() const {
  const std::lock_guard lock(state_->mutex);
  return state_->playout.lock();
}

std::optional<VideoFrame> MediaStreamTrack::newest_picture() const {
  const std::lock_guard lock(state_->mutex);
  if (!state_->newest_picture || state_->enabled) return state_->newest_picture;
  return black(*state_->newest_picture);
}

void MediaStreamTrack::push(const VideoFrame& frame) {
  if (state_->kind != MediaKind::kVideo || !frame.buffer || !state_->keep(frame)) return;
  const std::lock_guard lock(state_->delivery);
  if (state_->video_sinks.empty()) return;
  const VideoFrame shown = state_->is_enabled() ? frame : black(frame);
  for (const auto& [id, sink] : state_->video_sinks) sink(shown);
}

void MediaStreamTrack::push(const AudioFrame& frame) {
  if (state_->kind != MediaKind::kAudio || !state_->live()) return;
  const std::lock_guard lock(state_->delivery);
  if (state_->audio_sinks.empty()) return;
  const AudioFrame heard = state_->is_enabled() ? frame : silence(frame);
  for (const auto& [id, sink] : state_->audio_sinks) sink(heard);
}

Subscription MediaStreamTrack::add_video_sink(VideoSink sink) {
  const std::lock_guard lock(state_->delivery);
  const int id = state_->next_sink++;
  state_->video_sinks[id] = std::move(sink);
  return Subscription([state = state_, id] {
    const std::lock_guard unlock(state->delivery);
    state->video_sinks.erase(id);
  });
}

Subscription MediaStreamTrack::add_audio_sink(AudioSink sink) {
  const std::lock_guard lock(state_->delivery);
  const int id = state_->next_sink++;
  state_->audio_sinks[id] = std::move(sink);
  return Subscription([state = state_, id] {
    const std::lock_guard unlock(state->delivery);
    state->audio_sinks.erase(id);
  });
}

void MediaStreamTrack::stop() {
  UniqueFunction<void()> on_stop;
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->ready_state == ReadyState::kEnded) return;
    state_->ready_state = ReadyState::kEnded;
    state_->newest_picture.reset();
    on_stop = std::move(state_->on_stop);
  }
  if (on_stop) on_stop();
}

void MediaStreamTrack::set_on_stop(UniqueFunction<void()> on_stop) {
  const std::lock_guard lock(state_->mutex);
  state_->on_stop = std::move(on_stop);
}

}  // namespace tidewire
