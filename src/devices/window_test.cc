#include "devices/window.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <future>

#include "devices/sdl.h"
#include "devices/sound_card.h"
#include "devices/test_picture.h"

namespace tidewire::devices {
namespace {

// SDL's dummy drivers stand in for hardware: no test needs a display or a sound card.
class WithoutHardware : public testing::Test {
 protected:
  void use_drivers(const char* video, const char* audio) {
    setenv("SDL_VIDEODRIVER", video, 1);
    setenv("SDL_AUDIODRIVER", audio, 1);
  }
  ~WithoutHardware() override {
    unsetenv("SDL_VIDEODRIVER");
    unsetenv("SDL_AUDIODRIVER");
  }
};

using VideoWindowTest = WithoutHardware;
using SoundCardTest = WithoutHardware;

VideoFrame picture(int width, int height) {
  auto buffer = std::make_shared<I420Buffer>(width, height);
  draw_test_picture(*buffer, {.counter = 1});
  return {buffer, {}, 0};
}

TEST_F(VideoWindowTest, ShowsPicturesOfChangingSizeAndIsOneAtATime) {
  use_drivers("dummy", "dummy");
  for (int turn = 0; turn < 2; ++turn) {
    auto window = open_window({.title = "Test"});
    ASSERT_TRUE(window) << window.error().message;
    (*window)->show(picture(640, 480));
    (*window)->show(picture(333, 251));
    EXPECT_EQ(open_window().error().code, ErrorCode::kInvalidState);
  }
}

TEST_F(VideoWindowTest, MayBeDestroyedWhenTheUserClosesIt) {
  use_drivers("dummy", "dummy");
  std::unique_ptr<VideoWindow> window;
  std::promise<void> assigned;
  std::promise<void> closed;
  auto opened = open_window({.on_close = [&] {
    assigned.get_future().get();
    window.reset();
    closed.set_value();
  }});
  ASSERT_TRUE(opened);
  window = std::move(*opened);
  assigned.set_value();
  SDL_Event quit{};
  quit.type = SDL_QUIT;
  ASSERT_EQ(SDL_PushEvent(&quit), 1);
  closed.get_future().get();
  // Its thread takes a moment more to leave SDL; then the next window may open.
  while (!open_window()) std::this_thread::yield();
}

TEST_F(VideoWindowTest, SaysWhatToDoWithoutADisplay) {
  use_drivers("none-such", "none-such");
  const auto window = open_window();
  ASSERT_FALSE(window);
  EXPECT_EQ(window.error().code, ErrorCode::kNotFound);
  EXPECT_NE(window.error().message.find("set DISPLAY or use --play none"), std::string::npos) << window.error().message;
}

TEST_F(SoundCardTest, SpeakerTakesSoundWithoutEverBlocking) {
  use_drivers("dummy", "dummy");
  auto speaker = open_speaker();
  ASSERT_TRUE(speaker) << speaker.error().message;
  const AudioFrame mono{.samples = std::vector<std::int16_t>(960)};
  for (int i = 0; i < 1000; ++i) (*speaker)->play(mono);
  (*speaker)->play({.samples = std::vector<std::int16_t>(960), .channels = 2});
  (*speaker)->play({.samples = std::vector<std::int16_t>(441), .sample_rate = 44'100});
}

TEST_F(SoundCardTest, MicrophoneDeliversRunsOfTenMilliseconds) {
  use_drivers("dummy", "dummy");
  auto microphone = open_microphone();
  ASSERT_TRUE(microphone) << microphone.error().message;
  std::promise<AudioFrame> heard;
  int frames = 0;
  ASSERT_TRUE((*microphone)->start([&](const AudioFrame& frame) {
    if (++frames == 3) heard.set_value(frame);
  }));
  EXPECT_EQ(heard.get_future().get().duration(), std::chrono::milliseconds{10});
  (*microphone)->stop();
}

TEST_F(SoundCardTest, SaysWhatToDoWithoutASoundCard) {
  use_drivers("none-such", "none-such");
  EXPECT_NE(open_speaker().error().message.find("--play none"), std::string::npos);
  EXPECT_NE(open_microphone().error().message.find("--audio synthetic"), std::string::npos);
}

}  // namespace
}  // namespace tidewire::devices
