#include "peer/encoding_pipe.h"

#include <gtest/gtest.h>

#include <latch>
#include <memory>

#include "codecs/picture_transform.h"

namespace tidewire::peer {
namespace {

using namespace std::chrono_literals;

VideoFrame picture(int width, int height, Duration at) {
  return {std::make_shared<I420Buffer>(width, height), Timestamp{at}, 0};
}

// Holds the encoder's thread at the first picture until released.
struct Gate {
  std::latch entered{1};
  std::latch release{1};
  std::latch second{1};
  Duration left_out{};
  int frames = 0;

  std::function<void(EncodedFrame)> on_frame() {
    return [this](const EncodedFrame&) {
      if (++frames == 2) second.count_down();
    };
  }
};

class SlowEncoder final : public codecs::VideoEncoder {
 public:
  explicit SlowEncoder(Gate& gate) : gate_(&gate) {}
  static EncodingPipe::MakeVideoEncoder made_with(Gate& gate) {
    return [&gate](CodecType, const codecs::VideoEncoderConfig&) -> Result<std::unique_ptr<codecs::VideoEncoder>> {
      return std::unique_ptr<codecs::VideoEncoder>(std::make_unique<SlowEncoder>(gate));
    };
  }

  Result<std::optional<EncodedFrame>> encode(const VideoFrame& frame) override {
    if (number_++ == 0) {
      gate_->entered.count_down();
      gate_->release.wait();
    }
    return std::optional{EncodedFrame{.payload = {1}, .width = frame.width(), .height = frame.height()}};
  }
  void set_rates(const codecs::VideoRates&) override {}
  void request_key_frame() override {}
  void leave_out(Duration time) override { gate_->left_out += time; }

 private:
  Gate* gate_;
  int number_ = 0;
};

TEST(EncodingPipe, TellsWhatTheEncoderHadToDo) {
  Gate gate;
  EncodingPipe pipe(gate.on_frame(), SlowEncoder::made_with(gate));
  pipe.configure({.codec = CodecType::kVp8, .bitrate = 500'000, .scale_resolution_down_to = Resolution{320, 180}});
  EXPECT_FALSE(pipe.take_load(Timestamp{10s})) << "from now on";
  pipe.push(picture(640, 480, 1s));
  gate.entered.wait();
  for (const Duration at : {2s, 3s, 4s}) pipe.push(picture(640, 480, at));
  EXPECT_FALSE(pipe.take_load(Timestamp{10500ms})) << "too soon";
  gate.release.count_down();
  gate.second.wait();
  const auto load = pipe.take_load(Timestamp{12s});
  ASSERT_TRUE(load);
  EXPECT_EQ(load->elapsed, 2s);
  EXPECT_GT(load->busy, Duration::zero());
  EXPECT_EQ(load->pictures, 4U);
  EXPECT_EQ(load->dropped, 2U);
  EXPECT_EQ(load->size, (Resolution{240, 180}));
  const auto next = pipe.take_load(Timestamp{13s});
  ASSERT_TRUE(next);
  EXPECT_EQ(next->pictures, 0U);
}

TEST(EncodingPipe, TellsTheEncoderOfTheTimeThatItLeavesOut) {
  Gate gate;
  EncodingPipe pipe(gate.on_frame(), SlowEncoder::made_with(gate));
  pipe.configure({.codec = CodecType::kVp8, .bitrate = 500'000});
  gate.release.count_down();
  pipe.push(picture(64, 48, 1000ms));
  gate.entered.wait();
  pipe.hold(true);
  for (const Duration at : {1050ms, 1100ms, 1150ms}) pipe.push(picture(64, 48, at));
  pipe.request_key_frame();
  pipe.push(picture(64, 48, 1200ms));  // which takes the place of what waits
  gate.second.wait();
  EXPECT_EQ(gate.left_out, 150ms) << "and 50 ms are the next picture's own";
  EXPECT_EQ(pipe.frames_pushed(), 2U);
  pipe.push(picture(64, 48, 1250ms));
  EXPECT_EQ(pipe.frames_pushed(), 2U) << "held again";
}

TEST(PictureShape, KeepsH264ToItsLevel) {
  struct Case {
    std::uint32_t most;
    Resolution source;
    int width, height;
  };
  for (const auto& [most, source, width, height] :
       {Case{3'600, {1280, 720}, 1280, 720}, Case{3'600, {1920, 1080}, 1280, 720}, Case{3'600, {1080, 1920}, 720, 1280},
        Case{8'192, {1920, 1080}, 1920, 1080}, Case{99, {1920, 1080}, 208, 112}, Case{0, {3840, 2160}, 3840, 2160}}) {
    PictureShape shape;
    shape.max_macroblocks = most;
    const double factor = shape.factor(source.width, source.height);
    EXPECT_NEAR(source.width / factor, width, 10) << most;
    EXPECT_NEAR(source.height / factor, height, 10) << most;
    const auto scaled = codecs::scaled_down(picture(source.width, source.height, 0s), factor);
    const int macroblocks = (scaled.width() + 15) / 16 * ((scaled.height() + 15) / 16);
    if (most == 0) continue;
    EXPECT_LE(macroblocks, static_cast<int>(most));
  }
  PictureShape shape;
  shape.max_macroblocks = 99;  // ITU-T H.264 §A.3.1: no side is longer than 28 of them
  EXPECT_GE(shape.factor(3200, 16), 3200.0 / (28 * 16));
}

TEST(PictureShape, SlowsDownWhatIsTooMuchForTheLevel) {
  PictureShape shape;
  EXPECT_EQ(shape.most_framerate(1280, 720), 0);
  shape.max_macroblocks = 3'600;
  shape.max_macroblocks_per_second = 108'000;
  EXPECT_EQ(shape.most_framerate(1280, 720), 30);
  EXPECT_EQ(shape.most_framerate(1920, 1080), 30);
  EXPECT_EQ(shape.most_framerate(640, 480), 90);
  shape.max_framerate = 15;
  EXPECT_EQ(shape.most_framerate(640, 480), 15);
}

}  // namespace
}  // namespace tidewire::peer
