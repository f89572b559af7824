#include "tidewire/media_devices.h"

#include <utility>

#include "base/base64.h"
#include "devices/file_source.h"
#include "devices/sound_card.h"
#include "devices/synthetic.h"
#include "devices/window.h"
#include "io/os_random.h"

namespace tidewire {
namespace {

std::string random_id() {
  Bytes bytes(16);
  io::os_random().fill(bytes);
  return hex_encode(bytes);
}

// A track that owns its source. The source pushes into it from its own thread until the track stops.
template <typename Frame, typename Source>
Result<std::shared_ptr<MediaStreamTrack>> track_from(MediaKind kind, std::string label,
                                                     Result<std::unique_ptr<Source>> source) {
  if (!source) return source.error();
  auto track = std::make_shared<MediaStreamTrack>(kind, random_id(), std::move(label));
  const std::shared_ptr<Source> shared = std::move(*source);
  auto started = shared->start([weak = std::weak_ptr(track)](const Frame& frame) {
    if (const auto alive = weak.lock()) alive->push(frame);
  });
  if (!started) return started.error();
  track->set_on_stop([shared] { shared->stop(); });
  return track;
}

class WindowPlayer final : public Player {
 public:
  WindowPlayer(std::shared_ptr<MediaStreamTrack> track, std::unique_ptr<devices::VideoWindow> window)
      : window_(std::move(window)), track_(std::move(track)) {
    subscription_ = track_->add_video_sink([this](const VideoFrame& frame) { window_->show(frame); });
  }

 private:
  std::unique_ptr<devices::VideoWindow> window_;
  std::shared_ptr<MediaStreamTrack> track_;
  Subscription subscription_;
};

class SpeakerPlayer final : public Player {
 public:
  SpeakerPlayer(std::shared_ptr<MediaStreamTrack> track, std::unique_ptr<devices::Speaker> speaker)
      : speaker_(std::move(speaker)), track_(std::move(track)) {
    subscription_ = track_->add_audio_sink([this](const AudioFrame& frame) { speaker_->play(frame); });
  }

 private:
  std::unique_ptr<devices::Speaker> speaker_;
  std::shared_ptr<MediaStreamTrack> track_;
  Subscription subscription_;
};

}  // namespace

Result<std::shared_ptr<MediaStreamTrack>> open_synthetic_camera(const SyntheticCameraOptions& options) {
  return track_from<VideoFrame>(
      MediaKind::kVideo, "synthetic camera",
      devices::make_synthetic_camera(
          {.width = options.width, .height = options.height, .framerate = options.framerate, .name = options.name}));
}

Result<std::shared_ptr<MediaStreamTrack>> open_synthetic_microphone(const SyntheticMicrophoneOptions& options) {
  return track_from<AudioFrame>(MediaKind::kAudio, "synthetic microphone",
                                devices::make_synthetic_microphone({.frequency = options.frequency}));
}

Result<std::shared_ptr<MediaStreamTrack>> open_file_video(const std::string& path) {
  return track_from<VideoFrame>(MediaKind::kVideo, path, devices::open_video_file(path));
}

Result<std::shared_ptr<MediaStreamTrack>> open_file_audio(const std::string& path) {
  return track_from<AudioFrame>(MediaKind::kAudio, path, devices::open_audio_file(path));
}

Result<std::unique_ptr<Player>> play_in_window(std::shared_ptr<MediaStreamTrack> track, const std::string& title,
                                               UniqueFunction<void()> on_close) {
  devices::WindowOptions options{.title = title};
  if (on_close) {
    options.on_close = [shared = std::make_shared<UniqueFunction<void()>>(std::move(on_close))] { (*shared)(); };
  }
  auto window = devices::open_window(std::move(options));
  if (!window) return window.error();
  return std::unique_ptr<Player>(std::make_unique<WindowPlayer>(std::move(track), std::move(*window)));
}

Result<std::unique_ptr<Player>> play_on_speaker(std::shared_ptr<MediaStreamTrack> track) {
  auto speaker = devices::open_speaker();
  if (!speaker) return speaker.error();
  return std::unique_ptr<Player>(std::make_unique<SpeakerPlayer>(std::move(track), std::move(*speaker)));
}

}  // namespace tidewire
