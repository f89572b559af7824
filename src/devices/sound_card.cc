// The sound card by SDL2. SDL moves the samples on a thread of its own through queues that we fill and empty; the
// microphone looks at its queue every 10 ms, so that its sink runs on a thread of ours and may do what sinks may do.
#include "devices/sound_card.h"

#include <algorithm>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "devices/clock.h"
#include "devices/paced_thread.h"
#include "devices/sdl.h"

namespace tidewire::devices {

namespace {

constexpr int kRate = 48'000;
constexpr int kRun = kRate / 100;  // 10 ms
constexpr Duration kRunLength = std::chrono::milliseconds{10};
constexpr int kSpeakerChannels = 2;
constexpr std::size_t kSpeakerLimit = kRate / 5 * kSpeakerChannels * sizeof(std::int16_t);  // 200 ms
constexpr Uint32 kMicrophoneLimit = kRate / 5 * sizeof(std::int16_t);

class Device {
 public:
  static Result<std::unique_ptr<Device>> open(bool capture, int channels) {
    auto device = std::make_unique<Device>();
    if (!device->subsystem_.open(SDL_INIT_AUDIO)) return missing(capture, SDL_GetError());
    SDL_AudioSpec wanted{};
    wanted.freq = kRate;
    wanted.format = AUDIO_S16SYS;
    wanted.channels = static_cast<Uint8>(channels);
    wanted.samples = kRun;
    // No allowed changes: SDL converts to what we ask for.
    device->id_ = SDL_OpenAudioDevice(nullptr, capture ? 1 : 0, &wanted, nullptr, 0);
    if (device->id_ == 0) return missing(capture, SDL_GetError());
    SDL_PauseAudioDevice(device->id_, 0);
    return device;
  }
  Device() = default;
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;
  ~Device() {
    if (id_ != 0) SDL_CloseAudioDevice(id_);
  }
  SDL_AudioDeviceID id() const { return id_; }

 private:
  static Error missing(bool capture, const std::string& why) {
    return {ErrorCode::kNotFound, capture ? "no microphone (" + why + "): plug one in or use --audio synthetic"
                                          : "no speaker (" + why + "): plug one in or use --play none"};
  }

  SdlSubsystem subsystem_;
  SDL_AudioDeviceID id_ = 0;
};

class SdlSpeaker final : public Speaker {
 public:
  explicit SdlSpeaker(std::unique_ptr<Device> device) : device_(std::move(device)) {}

  void play(const AudioFrame& frame) override {
    if (frame.sample_rate != kRate || (frame.channels != 1 && frame.channels != 2)) return;
    const std::lock_guard lock(mutex_);
    if (SDL_GetQueuedAudioSize(device_->id()) > kSpeakerLimit) return;
    samples_.clear();
    for (const std::int16_t sample : frame.samples) {
      samples_.insert(samples_.end(), static_cast<std::size_t>(kSpeakerChannels / frame.channels), sample);
    }
    SDL_QueueAudio(device_->id(), samples_.data(), static_cast<Uint32>(samples_.size() * sizeof(std::int16_t)));
  }
  Duration waiting() const override {
    const Duration::rep samples = SDL_GetQueuedAudioSize(device_->id()) / sizeof(std::int16_t) / kSpeakerChannels;
    return Duration{samples * 1'000'000'000 / kRate};
  }

 private:
  std::unique_ptr<Device> device_;
  std::mutex mutex_;
  std::vector<std::int16_t> samples_;
};

class SdlMicrophone final : public AudioSource {
 public:
  explicit SdlMicrophone(std::shared_ptr<Device> device) : device_(std::move(device)) {}

  Result<> start(AudioSink sink) override {
    SDL_ClearQueuedAudio(device_->id());
    const bool started =
        thread_.start("tw-microphone", [device = device_, sink = std::move(sink), due = steady_now()]() mutable {
          deliver(*device, sink);
          due = std::max(due + kRunLength, steady_now());
          return due;
        });
    if (!started) return Error{ErrorCode::kInvalidState, "the microphone runs already"};
    return {};
  }
  void stop() override { thread_.stop(); }

 private:
  // At most one run per step: a sink that stops us is not called again.
  static void deliver(Device& device, const AudioSink& sink) {
    const Uint32 waiting = SDL_GetQueuedAudioSize(device.id());
    if (waiting > kMicrophoneLimit) return SDL_ClearQueuedAudio(device.id());
    if (waiting < kRun * sizeof(std::int16_t)) return;
    AudioFrame frame;
    frame.samples.resize(kRun);
    SDL_DequeueAudio(device.id(), frame.samples.data(), kRun * sizeof(std::int16_t));
    const auto behind = static_cast<Duration::rep>(waiting / sizeof(std::int16_t)) * 1'000'000'000 / kRate;
    frame.timestamp = steady_now() - Duration{behind};
    sink(frame);
  }

  std::shared_ptr<Device> device_;
  PacedThread thread_;
};

}  // namespace

Result<std::unique_ptr<Speaker>> open_speaker() {
  auto device = Device::open(false, kSpeakerChannels);
  if (!device) return device.error();
  return std::unique_ptr<Speaker>(std::make_unique<SdlSpeaker>(std::move(*device)));
}

Result<std::unique_ptr<AudioSource>> open_microphone() {
  auto device = Device::open(true, 1);
  if (!device) return device.error();
  return std::unique_ptr<AudioSource>(std::make_unique<SdlMicrophone>(std::move(*device)));
}

}  // namespace tidewire::devices
