#include "devices/synthetic.h"

#include <cmath>
#include <cstdio>
#include <ctime>
#include <utility>

#include "devices/clock.h"
#include "devices/paced_thread.h"
#include "devices/test_picture.h"
#include "devices/tone.h"

namespace tidewire::devices {

namespace {

constexpr int kSampleRate = 48'000;
constexpr Duration kSecond{1'000'000'000};
constexpr std::int64_t kCatchUpFrames = 50;

// HH:MM:SS.mmm, local time.
std::string clock_text() {
  const auto now = std::chrono::system_clock::now();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(now));
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  std::tm local{};
  localtime_r(&seconds, &local);
  char text[32];
  const std::size_t length = std::strftime(text, sizeof text, "%H:%M:%S", &local);
  std::snprintf(text + length, sizeof text - length, ".%03d", static_cast<int>(ms));
  return text;
}

// When slot n begins, without the error that adding up a rounded period would gather.
Timestamp slot_time(Timestamp start, std::int64_t n, int per_second) {
  return start + n / per_second * kSecond + n % per_second * kSecond / per_second;
}

class SyntheticCamera final : public VideoSource {
 public:
  explicit SyntheticCamera(SyntheticCameraOptions options) : options_(std::move(options)) {}

  Result<> start(VideoSink sink) override {
    const bool started = thread_.start("tw-camera", [options = options_, sink = std::move(sink), start = steady_now(),
                                                     slot = std::int64_t{0}]() mutable {
      const Timestamp due = slot_time(start, slot, options.framerate);
      auto picture = std::make_shared<I420Buffer>(options.width, options.height);
      draw_test_picture(*picture, {.counter = static_cast<std::uint32_t>(slot),
                                   .clock = clock_text(),
                                   .name = options.name,
                                   .hue = options.hue});
      sink(VideoFrame{std::move(picture), due, 0});
      // The first slot that lies ahead.
      const auto late = (steady_now() - start).count() / (kSecond.count() / options.framerate);
      slot = std::max(slot + 1, late);
      return slot_time(start, slot, options.framerate);
    });
    if (!started) return Error{ErrorCode::kInvalidState, "the synthetic camera runs already"};
    return {};
  }
  void stop() override { thread_.stop(); }

 private:
  SyntheticCameraOptions options_;
  PacedThread thread_;
};

class SyntheticMicrophone final : public AudioSource {
 public:
  explicit SyntheticMicrophone(SyntheticMicrophoneOptions options) : options_(options) {}

  Result<> start(AudioSink sink) override {
    const bool started = thread_.start(
        "tw-microphone", [options = options_, sink = std::move(sink), start = steady_now(), slot = std::int64_t{0},
                          tone = ToneGenerator(options_.frequency, options_.level, kSampleRate)]() mutable {
          const auto samples = kSampleRate * options.frame_length.count() / kSecond.count() * options.channels;
          AudioFrame frame{.channels = options.channels, .timestamp = start + slot * options.frame_length};
          frame.samples.resize(static_cast<std::size_t>(samples));
          tone.fill(frame.samples, options.channels);
          sink(frame);
          // A little lateness is caught up with, so that no sound is missing; after a long one it goes on from now.
          const auto due = (steady_now() - start) / options.frame_length;
          slot = due - slot > kCatchUpFrames ? due : slot + 1;
          return start + slot * options.frame_length;
        });
    if (!started) return Error{ErrorCode::kInvalidState, "the synthetic microphone runs already"};
    return {};
  }
  void stop() override { thread_.stop(); }

 private:
  SyntheticMicrophoneOptions options_;
  PacedThread thread_;
};

}  // namespace

Result<std::unique_ptr<VideoSource>> make_synthetic_camera(SyntheticCameraOptions options) {
  if (options.width < 64 || options.height < 48 || options.width > 7680 || options.height > 4320) {
    return Error{ErrorCode::kRange, "a synthetic camera films from 64x48 to 7680x4320 pixels"};
  }
  if (options.framerate < 1 || options.framerate > 240) {
    return Error{ErrorCode::kRange, "a synthetic camera films from 1 to 240 pictures per second"};
  }
  return std::unique_ptr<VideoSource>(std::make_unique<SyntheticCamera>(std::move(options)));
}

Result<std::unique_ptr<AudioSource>> make_synthetic_microphone(SyntheticMicrophoneOptions options) {
  using std::chrono::milliseconds;
  if (!(options.frequency >= 20 && options.frequency <= 20'000)) {
    return Error{ErrorCode::kRange, "a synthetic microphone's tone lies between 20 and 20000 Hz"};
  }
  if (!(options.level <= 0)) return Error{ErrorCode::kRange, "a tone is at most at full scale, 0 dBFS"};
  if (options.channels != 1 && options.channels != 2) {
    return Error{ErrorCode::kRange, "a synthetic microphone has one or two channels"};
  }
  if (options.frame_length != milliseconds{10} && options.frame_length != milliseconds{20}) {
    return Error{ErrorCode::kRange, "a synthetic microphone's frames last 10 or 20 ms"};
  }
  return std::unique_ptr<AudioSource>(std::make_unique<SyntheticMicrophone>(options));
}

}  // namespace tidewire::devices
