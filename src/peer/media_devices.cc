#include "tidewire/media_devices.h"

#include <map>
#include <mutex>
#include <utility>

#include "base/base64.h"
#include "devices/audio_mixer.h"
#include "devices/clock.h"
#include "devices/file_source.h"
#include "devices/paced_thread.h"
#include "devices/playout_meter.h"
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

// What the sinks and the thread share, which may outlive the player for a moment.
struct Mix final : AudioPlayout {
  explicit Mix(std::unique_ptr<devices::Speaker> s) : speaker(std::move(s)) {}

  // As much as the loudspeaker wants by its own clock.
  Timestamp feed() {
    for (int i = 0; i < kMostAtOnce && speaker->waiting() < kAhead; ++i) {
      const std::lock_guard lock(mutex);
      const Duration queued = speaker->waiting();
      speaker->play(mixer.pull());
      meter.note(mixer.step(), queued);
    }
    return devices::steady_now() + kStep;
  }
  void push(devices::AudioMixer::InputId input, const AudioFrame& frame) {
    const std::lock_guard lock(mutex);
    mixer.push(input, frame);
  }

  AudioPlayoutStats stats() const override {
    const std::lock_guard lock(mutex);
    return meter.stats();
  }

  static constexpr Duration kStep = std::chrono::milliseconds{10};
  static constexpr Duration kAhead = std::chrono::milliseconds{30};
  static constexpr int kMostAtOnce = 4;

  mutable std::mutex mutex;
  devices::AudioMixer mixer;
  devices::PlayoutMeter meter;
  const std::unique_ptr<devices::Speaker> speaker;
};

class MixPlayer final : public SpeakerMixer {
 public:
  explicit MixPlayer(std::unique_ptr<devices::Speaker> speaker) : mix_(std::make_shared<Mix>(std::move(speaker))) {
    thread_.start("tw-speaker", [mix = mix_] { return mix->feed(); });
  }

  void add(std::shared_ptr<MediaStreamTrack> track) override {
    const std::lock_guard lock(mutex_);
    if (track->kind() != MediaKind::kAudio || inputs_.contains(track)) return;
    Input& input = inputs_[track];
    {
      const std::lock_guard mixing(mix_->mutex);
      input.id = mix_->mixer.add();
    }
    input.subscription =
        track->add_audio_sink([mix = mix_, id = input.id](const AudioFrame& frame) { mix->push(id, frame); });
    track->set_playout(mix_);
  }
  void remove(const std::shared_ptr<MediaStreamTrack>& track) override {
    const std::lock_guard lock(mutex_);
    const auto found = inputs_.find(track);
    if (found == inputs_.end()) return;
    const devices::AudioMixer::InputId id = found->second.id;
    inputs_.erase(found);
    if (track->playout() == mix_) track->set_playout(nullptr);
    const std::lock_guard mixing(mix_->mutex);
    mix_->mixer.remove(id);
  }

 private:
  struct Input {
    devices::AudioMixer::InputId id = 0;
    Subscription subscription;
  };

  std::shared_ptr<Mix> mix_;
  std::mutex mutex_;
  std::map<std::shared_ptr<MediaStreamTrack>, Input> inputs_;
  devices::PacedThread thread_;
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
  auto mixer = open_speaker_mixer();
  if (!mixer) return mixer.error();
  (*mixer)->add(std::move(track));
  return std::unique_ptr<Player>(std::move(*mixer));
}

Result<std::unique_ptr<SpeakerMixer>> open_speaker_mixer() {
  auto speaker = devices::open_speaker();
  if (!speaker) return speaker.error();
  return std::unique_ptr<SpeakerMixer>(std::make_unique<MixPlayer>(std::move(*speaker)));
}

}  // namespace tidewire
