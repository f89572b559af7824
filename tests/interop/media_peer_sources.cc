#include "media_peer_sources.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <numbers>
#include <random>
#include <string>
#include <vector>

#include "devices/clock.h"
#include "devices/paced_thread.h"
#include "tidewire/media_devices.h"

namespace tidewire::interop {
namespace {

constexpr int kRate = 48'000;
constexpr int kStep = kRate / 100;  // samples of one push
constexpr auto kStepTime = std::chrono::milliseconds{10};

// Interleaved samples, from sample `start` of the sound on.
using Sound = std::function<void(std::uint64_t start, std::vector<std::int16_t>& samples)>;

std::shared_ptr<MediaStreamTrack> microphone(const std::string& label, int channels, Sound sound) {
  auto track = std::make_shared<MediaStreamTrack>(MediaKind::kAudio, label, label);
  auto thread = std::make_shared<devices::PacedThread>();
  thread->start("peer-sound", [weak = std::weak_ptr(track), channels, sound = std::move(sound),
                               start = std::uint64_t{0}, due = devices::steady_now()]() mutable {
    AudioFrame frame{.channels = channels, .timestamp = due};
    frame.samples.resize(static_cast<std::size_t>(kStep) * static_cast<std::size_t>(channels));
    sound(start, frame.samples);
    if (const auto alive = weak.lock()) alive->push(frame);
    start += kStep;
    return due += kStepTime;
  });
  track->set_on_stop([thread] { thread->stop(); });
  return track;
}

double angle(double frequency, double t) { return 2 * std::numbers::pi * frequency * t; }

double voice_at(double t) {
  const double phase = angle(140, t) + 2 * std::numbers::pi * 0.8 * std::sin(angle(3, t));
  double sum = 0;
  for (int k = 1; k <= 20; ++k) sum += std::sin(phase * k) / (1 + std::abs(k - 5));
  return std::pow(0.5 + 0.5 * std::sin(angle(3.1, t)), 1.5) * sum;
}

// Adds to each pixel what a table of noise has, from another place of it for each row and picture.
class Grain {
 public:
  Grain() : random_(1), table_(std::size_t{1} << 16) {
    std::normal_distribution<float> noise(0, 5);
    for (auto& value : table_) value = static_cast<std::int8_t>(std::clamp(noise(random_), -20.F, 20.F));
  }

  std::shared_ptr<I420Buffer> over(const I420Buffer& picture) {
    auto copy = std::make_shared<I420Buffer>(picture);
    const auto width = static_cast<std::size_t>(copy->width());
    for (int row = 0; row < copy->height(); ++row) {
      std::uint8_t* line = copy->y() + std::ptrdiff_t{row} * copy->stride_y();
      const std::int8_t* noise = &table_[random_() % (table_.size() - width)];
      for (std::size_t i = 0; i < width; ++i)
        line[i] = static_cast<std::uint8_t>(std::clamp(line[i] + noise[i], 16, 235));
    }
    return copy;
  }

 private:
  std::mt19937 random_;
  std::vector<std::int8_t> table_;
};

// The track of another source, with noise.
std::shared_ptr<MediaStreamTrack> grainy(std::shared_ptr<MediaStreamTrack> camera) {
  auto track = std::make_shared<MediaStreamTrack>(MediaKind::kVideo, "grainy camera", "grainy camera");
  auto subscription = std::make_shared<Subscription>(
      camera->add_video_sink([weak = std::weak_ptr(track), grain = std::make_shared<Grain>()](const VideoFrame& frame) {
        const auto alive = weak.lock();
        if (!alive) return;
        VideoFrame noisy = frame;
        noisy.buffer = grain->over(*frame.buffer);
        alive->push(noisy);
      }));
  track->set_on_stop([camera = std::move(camera), subscription] { camera->stop(); });
  return track;
}

}  // namespace

Result<std::shared_ptr<MediaStreamTrack>> open_camera(const CameraOptions& options) {
  auto camera = open_synthetic_camera(
      {.width = options.width, .height = options.height, .framerate = options.framerate, .name = "Peer"});
  return camera && options.grain ? grainy(*camera) : camera;
}

std::shared_ptr<MediaStreamTrack> open_two_tones(double left, double right) {
  return microphone("two tones", 2, [left, right](std::uint64_t start, std::vector<std::int16_t>& samples) {
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const double t = static_cast<double>(start + i / 2) / kRate;
      samples[i] = static_cast<std::int16_t>(8000 * std::sin(angle(i % 2 == 0 ? left : right, t)));
    }
  });
}

std::shared_ptr<MediaStreamTrack> open_voice() {
  return microphone(
      "voice", 1, [random = std::mt19937(1)](std::uint64_t start, std::vector<std::int16_t>& samples) mutable {
        for (std::size_t i = 0; i < samples.size(); ++i) {
          const double noise = static_cast<double>(random() % 201) - 100;
          samples[i] = static_cast<std::int16_t>(5000 * voice_at(static_cast<double>(start + i) / kRate) + noise);
        }
      });
}

}  // namespace tidewire::interop
