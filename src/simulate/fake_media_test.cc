#include "simulate/fake_media.h"

#include <gtest/gtest.h>

namespace tidewire::simulate {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp kStart{1h};

double bitrate_of(FakeCamera& camera, int pictures, Timestamp& now) {
  std::size_t bytes = 0;
  for (int i = 0; i < pictures; ++i, now += FakeCamera::kPeriod) {
    const auto picture = camera.take_picture(now);
    if (picture) bytes += picture->payload.size();
  }
  return static_cast<double>(bytes) * 8 * 30 / pictures;
}

TEST(FakeCamera, MakesTheRateThatIsAskedFor) {
  FakeCamera camera(1);
  Timestamp now = kStart;
  camera.set({.bitrate = 1'000'000});
  EXPECT_NEAR(bitrate_of(camera, 300, now), 1e6, 0.03e6);
  camera.set({.bitrate = 300'000});
  bitrate_of(camera, 5, now);
  EXPECT_NEAR(bitrate_of(camera, 300, now), 0.3e6, 0.02e6) << "a few pictures later";
}

TEST(FakeCamera, TakesAFewPicturesToAnotherRate) {
  FakeCamera camera(1);
  Timestamp now = kStart;
  camera.set({.bitrate = 2'000'000});
  bitrate_of(camera, 100, now);
  camera.set({.bitrate = 200'000});
  EXPECT_GT(bitrate_of(camera, 1, now), 0.5e6);
  bitrate_of(camera, 5, now);
  EXPECT_LT(bitrate_of(camera, 10, now), 0.3e6);
}

TEST(FakeCamera, BeginsAnotherSizeWithAKeyFrame) {
  FakeCamera camera(1);
  camera.set({.bitrate = 1'000'000});
  auto first = camera.take_picture(kStart);
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->key_frame);
  EXPECT_GT(first->payload.size(), 4 * 1'000'000 / 8 / 30 / 2);
  EXPECT_EQ(first->height, 1080);
  EXPECT_FALSE(camera.take_picture(kStart + 33ms)->key_frame);
  camera.set({.bitrate = 1'000'000, .scale_resolution_down_to = Resolution{854, 480}});
  const auto small = camera.take_picture(kStart + 66ms);
  EXPECT_TRUE(small->key_frame);
  EXPECT_EQ(small->height, 480);
  EXPECT_EQ(small->width, 854);
  camera.set({.bitrate = 900'000, .scale_resolution_down_to = Resolution{854, 480}});
  EXPECT_FALSE(camera.take_picture(kStart + 99ms)->key_frame);
  camera.want_key_frame();
  EXPECT_TRUE(camera.take_picture(kStart + 132ms)->key_frame);
}

TEST(FakeCamera, LeavesOutPicturesThatAreNotToBeMade) {
  FakeCamera camera(1);
  camera.set({.bitrate = 1'000'000});
  camera.leave_out();
  const auto first = camera.take_picture(kStart + 33ms);
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->key_frame) << "it is still to come";
  EXPECT_EQ(first->rtp_timestamp, 3000U);
  // What the key frame took too much is made good by leaving out: the noise is the same.
  FakeCamera other = camera;
  for (int i = 0; i < 10; ++i) other.leave_out();
  EXPECT_GT(other.take_picture(kStart + 433ms)->payload.size(), camera.take_picture(kStart + 66ms)->payload.size());
}

TEST(FakeCamera, MakesNothingWhilePaused) {
  FakeCamera camera(1);
  EXPECT_FALSE(camera.take_picture(kStart));
  camera.set({.bitrate = 1'000'000, .paused = true});
  EXPECT_FALSE(camera.take_picture(kStart));
  camera.set({.bitrate = 1'000'000, .parameters = {.active = false}});
  EXPECT_FALSE(camera.take_picture(kStart));
  camera.set({.bitrate = 1'000'000});
  const auto picture = camera.take_picture(kStart);
  ASSERT_TRUE(picture);
  EXPECT_TRUE(picture->key_frame);
  EXPECT_EQ(picture->rtp_timestamp, 9000U) << "its clock went on";
}

TEST(FakeMedia, SayWhenTheyWereCaptured) {
  FakeCamera camera(1);
  camera.set({.bitrate = 100'000});
  EXPECT_EQ(captured(*camera.take_picture(kStart + 5ms)), kStart + 5ms);
  EXPECT_EQ(captured(*camera.take_picture(kStart + 38ms)), kStart + 38ms);
  FakeMicrophone microphone;
  EXPECT_FALSE(microphone.take_sound(kStart));
  microphone.set({.codec = CodecType::kOpus, .bitrate = 64'000});
  const auto sound = microphone.take_sound(kStart + 7ms);
  ASSERT_TRUE(sound);
  EXPECT_EQ(sound->payload.size(), 160U);
  EXPECT_EQ(captured(*sound), kStart + 7ms);
  EXPECT_EQ(captured({.codec = CodecType::kOpus, .payload = Bytes(5)}), std::nullopt);
}

}  // namespace
}  // namespace tidewire::simulate
