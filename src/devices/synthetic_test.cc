#include "devices/synthetic.h"

#include <gtest/gtest.h>

#include <future>
#include <vector>

#include "devices/test_picture.h"
#include "devices/tone.h"

namespace tidewire::devices {
namespace {

// Collects the first n things that a source delivers. Waits for events, not for times.
template <typename Frame>
class Collector {
 public:
  explicit Collector(std::size_t wanted) : wanted_(wanted) {}
  void operator()(const Frame& frame) {
    if (frames_.size() == wanted_) return;
    frames_.push_back(frame);
    if (frames_.size() == wanted_) done_.set_value();
  }
  const std::vector<Frame>& wait() {
    done_.get_future().get();
    return frames_;
  }
  const std::vector<Frame>& frames() const { return frames_; }

 private:
  std::size_t wanted_;
  std::vector<Frame> frames_;
  std::promise<void> done_;
};

TEST(SyntheticCamera, FilmsTheTestPictureOnAnAbsoluteSchedule) {
  auto camera = make_synthetic_camera({.width = 320, .height = 240, .framerate = 60, .name = "Bob"});
  ASSERT_TRUE(camera);
  Collector<VideoFrame> collector(10);
  ASSERT_TRUE((*camera)->start([&](const VideoFrame& frame) { collector(frame); }));
  const auto& frames = collector.wait();
  (*camera)->stop();
  for (const VideoFrame& frame : frames) {
    ASSERT_TRUE(is_test_picture(*frame.buffer));
    const auto counter = read_frame_counter(*frame.buffer);
    ASSERT_TRUE(counter);
    // Each picture stands exactly where its number says, late or not.
    const auto offset = (frame.timestamp - frames.front().timestamp).count();
    EXPECT_NEAR(static_cast<double>(offset), *counter * 1e9 / 60, 1);
  }
  EXPECT_EQ(read_frame_counter(*frames.front().buffer), 0U);
}

TEST(SyntheticCamera, RunsOnceAtATimeAndMayStartAgain) {
  auto camera = make_synthetic_camera({.width = 64, .height = 48});
  for (int turn = 0; turn < 2; ++turn) {
    Collector<VideoFrame> collector(1);
    ASSERT_TRUE((*camera)->start([&](const VideoFrame& frame) { collector(frame); }));
    EXPECT_EQ((*camera)->start([](const VideoFrame&) {}).error().code, ErrorCode::kInvalidState);
    EXPECT_EQ(read_frame_counter(*collector.wait().front().buffer), 0U);
    (*camera)->stop();
  }
}

TEST(SyntheticCamera, MayBeStoppedAndDestroyedFromItsSink) {
  std::unique_ptr<VideoSource> camera = std::move(*make_synthetic_camera({.width = 64, .height = 48}));
  std::promise<void> destroyed;
  ASSERT_TRUE(camera->start([&](const VideoFrame&) {
    camera->stop();
    camera.reset();
    destroyed.set_value();
  }));
  destroyed.get_future().get();
  EXPECT_EQ(camera, nullptr);
}

TEST(SyntheticCamera, MayBeStartedAgainFromItsSink) {
  std::unique_ptr<VideoSource> camera = std::move(*make_synthetic_camera({.width = 64, .height = 48}));
  Collector<VideoFrame> collector(1);
  ASSERT_TRUE(camera->start([&](const VideoFrame&) {
    camera->stop();
    EXPECT_TRUE(camera->start([&](const VideoFrame& frame) { collector(frame); }));
  }));
  collector.wait();
  camera->stop();
}

TEST(SyntheticMicrophone, HearsAToneWithoutBreaks) {
  for (const int ms : {10, 20}) {
    auto microphone = make_synthetic_microphone({.frequency = 523, .frame_length = std::chrono::milliseconds{ms}});
    ASSERT_TRUE(microphone);
    Collector<AudioFrame> collector(10);
    ASSERT_TRUE((*microphone)->start([&](const AudioFrame& frame) { collector(frame); }));
    std::vector<std::int16_t> sound;
    Timestamp expected = collector.wait().front().timestamp;
    (*microphone)->stop();
    for (const AudioFrame& frame : collector.frames()) {
      EXPECT_EQ(frame.timestamp, expected);
      EXPECT_EQ(frame.duration(), std::chrono::milliseconds{ms});
      expected += frame.duration();
      sound.insert(sound.end(), frame.samples.begin(), frame.samples.end());
    }
    EXPECT_NEAR(dominant_frequency(sound), 523, 5);
    EXPECT_NEAR(tone_amplitude(sound, 523), 0.25, 0.02);
    EXPECT_LT(tone_amplitude(sound, 900), 0.01);  // breaks would click
  }
}

TEST(Synthetic, OptionsThatMakeNoSenseAreRefused) {
  EXPECT_EQ(make_synthetic_camera({.width = 8}).error().code, ErrorCode::kRange);
  EXPECT_EQ(make_synthetic_camera({.framerate = 0}).error().code, ErrorCode::kRange);
  EXPECT_EQ(make_synthetic_microphone({.frequency = 0}).error().code, ErrorCode::kRange);
  EXPECT_EQ(make_synthetic_microphone({.level = 3}).error().code, ErrorCode::kRange);
  EXPECT_EQ(make_synthetic_microphone({.channels = 5}).error().code, ErrorCode::kRange);
  EXPECT_EQ(make_synthetic_microphone({.frame_length = Duration{1}}).error().code, ErrorCode::kRange);
}

}  // namespace
}  // namespace tidewire::devices
