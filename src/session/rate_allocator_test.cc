#include "session/rate_allocator.h"

#include <gtest/gtest.h>

namespace tidewire::session {
namespace {

using namespace std::chrono_literals;

// A call with one voice and one camera, and what is granted of it.
struct Call {
  std::vector<SendEncoding> voice{{.codec = CodecType::kOpus, .bitrate = 128'000}};
  std::vector<SendEncoding> camera{{.codec = CodecType::kVp8, .bitrate = 2'500'000}};
  std::vector<SendEncoding> granted_voice, granted_camera;
  DegradationPreference preference = DegradationPreference::kMaintainFramerate;
  RateAllocator allocator;
  Timestamp now{1s};

  void at(std::uint64_t bitrate, Duration time = 0s, bool data = false) {
    std::vector<RateAllocator::Claim> claims{
        {.transceiver = TransceiverId(1), .kind = MediaKind::kAudio, .asked = &voice, .granted = &granted_voice},
        {.transceiver = TransceiverId(2),
         .kind = MediaKind::kVideo,
         .asked = &camera,
         .granted = &granted_camera,
         .preference = preference}};
    for (const Timestamp end = now + time; now <= end; now += 100ms) {
      allocator.allocate({.bitrate = bitrate, .data_waits = data}, claims, now);
    }
  }
  const SendEncoding& picture(std::size_t i = 0) const { return granted_camera.at(i); }
  int height() const { return picture().scale_resolution_down_to.value_or(Resolution{}).height; }
};

TEST(RateAllocator, GoesDownAndUpTheLadderOfTheFoundingCall) {
  Call call;
  struct Step {
    std::uint64_t bitrate, sound;
    bool paused;
    int height;
  };
  for (const auto& [bitrate, sound, paused, height] : std::vector<Step>{{5'000'000, 128'000, false, 1080},
                                                                        {960'000, 64'000, false, 480},
                                                                        {190'000, 32'000, true, 0},
                                                                        {960'000, 64'000, false, 480},
                                                                        {5'000'000, 128'000, false, 1080}}) {
    call.at(bitrate, 4s);
    EXPECT_EQ(call.granted_voice[0].bitrate, sound) << bitrate;
    EXPECT_EQ(call.picture().paused, paused) << bitrate;
    EXPECT_EQ(call.height(), height) << bitrate;
  }
}

TEST(RateAllocator, LeavesRoomForHeaders) {
  Call call;
  for (const std::uint64_t bitrate : {300'000U, 700'000U, 1'500'000U, 2'400'000U}) {
    call.at(bitrate);
    const std::uint64_t packets = call.picture().bitrate / 8 / 1100 + 50;
    EXPECT_LE(call.picture().bitrate + call.granted_voice[0].bitrate + packets * 28 * 8, bitrate) << bitrate;
    EXPECT_GE(call.picture().bitrate + call.granted_voice[0].bitrate, bitrate * 9 / 10) << bitrate;
  }
}

TEST(RateAllocator, ShrinksPicturesAtOnceAndEnlargesThemAfterAWhile) {
  Call call;
  call.at(2'500'000);
  EXPECT_EQ(call.height(), 1080);
  call.at(700'000);
  EXPECT_EQ(call.height(), 480);
  call.at(2'500'000, 1s);
  EXPECT_EQ(call.height(), 480);
  call.at(2'500'000, 1s);
  EXPECT_EQ(call.height(), 1080);
}

TEST(RateAllocator, DoesNotFlapAboutAThreshold) {
  Call call;
  call.at(1'000'000);
  int changes = 0;
  int before = call.height();
  for (int i = 0; i < 600; ++i) {
    call.at(i % 2 == 0 ? 1'080'000 : 1'010'000);
    changes += call.height() != before;
    before = call.height();
  }
  EXPECT_LE(changes, 1);
}

TEST(RateAllocator, ResumesPicturesOnlyWhenItLasts) {
  Call call;
  call.at(150'000, 1s);
  EXPECT_TRUE(call.picture().paused);
  call.at(400'000, 500ms);
  call.at(150'000);
  call.at(400'000, 500ms);
  EXPECT_TRUE(call.picture().paused);
  call.at(400'000, 700ms);
  EXPECT_FALSE(call.picture().paused);
}

TEST(RateAllocator, PausesPicturesSoonWhenAlmostNothingIsLeft) {
  Call call;
  call.at(1'000'000);
  call.at(190'000, 500ms);
  EXPECT_FALSE(call.picture().paused) << "a queue is emptied, perhaps";
  call.at(1'000'000);
  call.at(190'000, 500ms);
  EXPECT_FALSE(call.picture().paused) << "it was enough meanwhile";
  call.at(190'000, 500ms);
  EXPECT_TRUE(call.picture().paused);
  call.at(1'000'000, 3s);
  EXPECT_FALSE(call.picture().paused);
  call.at(110'000);
  EXPECT_FALSE(call.picture().paused) << "the first reports after the path became slow are the worst";
  call.at(110'000, RateAllocator::kPauseSoonAfter);
  EXPECT_TRUE(call.picture().paused);
}

TEST(RateAllocator, KeepsTheSizeOfDetailsAndTheirFrameRateDown) {
  Call call;
  call.preference = DegradationPreference::kMaintainResolution;
  call.at(700'000);
  EXPECT_FALSE(call.picture().scale_resolution_down_to);
  EXPECT_EQ(call.picture().parameters.max_framerate, 15);
  call.preference = DegradationPreference::kBalanced;
  call.at(700'000);
  EXPECT_EQ(call.picture().parameters.max_framerate, 20);
  EXPECT_EQ(call.height(), 480);
}

TEST(RateAllocator, SendsTheSmallestOfSeveralEncodingsFirst) {
  Call call;
  call.camera = {{.codec = CodecType::kVp8, .bitrate = 150'000, .parameters = {.scale_resolution_down_by = 4.0}},
                 {.codec = CodecType::kVp8, .bitrate = 500'000, .parameters = {.scale_resolution_down_by = 2.0}},
                 {.codec = CodecType::kVp8, .bitrate = 1'800'000, .parameters = {.scale_resolution_down_by = 1.0}}};
  const auto sent = [&](std::uint64_t bitrate) {
    call.at(bitrate);
    std::string all;
    for (const SendEncoding& encoding : call.granted_camera) all += encoding.paused ? '-' : '+';
    return all;
  };
  EXPECT_EQ(sent(300'000), "+--");
  EXPECT_EQ(sent(600'000), "++-");
  EXPECT_EQ(sent(1'200'000), "++-");
  EXPECT_EQ(sent(2'000'000), "+++");
  EXPECT_EQ(call.picture(0).bitrate, 150'000);
  EXPECT_EQ(call.picture(1).bitrate, 500'000);
}

TEST(RateAllocator, GivesATransferAQuarterAndSoundWhatItNeeds) {
  Call call;
  call.at(1'000'000);
  const std::uint64_t alone = call.picture().bitrate;
  call.at(1'000'000, 0s, true);
  EXPECT_EQ(call.granted_voice[0].bitrate, 64'000);
  EXPECT_NEAR(static_cast<double>(alone - call.picture().bitrate), 250'000, 15'000);
}

}  // namespace
}  // namespace tidewire::session
