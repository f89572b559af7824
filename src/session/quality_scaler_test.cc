#include "session/quality_scaler.h"

#include <gtest/gtest.h>

namespace tidewire::session {
namespace {

using namespace std::chrono_literals;

struct Pictures {
  QualityScaler scaler;
  Timestamp now{100s};
  CodecType codec = CodecType::kVp8;

  // Thirty a second, for so long or until the correction changes; answers how long that took.
  Duration show(int quantizer, Duration time) {
    const Timestamp began = now;
    while (now - began < time) {
      now += 33ms;
      if (scaler.note(codec, quantizer, now)) break;
    }
    return now - began;
  }
};

TEST(QualityScaler, MakesCoarsePicturesSmallerWithinSecondsAndOnlyOnce) {
  Pictures pictures;
  EXPECT_LT(pictures.show(110, 10s), 3200ms);
  EXPECT_EQ(pictures.scaler.correction(), -1);
  EXPECT_GE(pictures.show(110, 60s), 60s);
  EXPECT_EQ(pictures.scaler.correction(), -1);
}

TEST(QualityScaler, LetsFinePicturesGrowAfterAWhileAndOnlyOnce) {
  Pictures pictures;
  const Duration time = pictures.show(15, 60s);
  EXPECT_GT(time, 7s);
  EXPECT_LT(time, 7500ms);
  EXPECT_EQ(pictures.scaler.correction(), 1);
  EXPECT_GE(pictures.show(15, 60s), 60s);
}

TEST(QualityScaler, LeavesOthersAlone) {
  Pictures pictures;
  EXPECT_GE(pictures.show(60, 60s), 60s);
  EXPECT_GE(pictures.show(-1, 60s), 60s) << "an encoder that does not tell";
  for (int i = 0; i < 20; ++i) {  // a moving second now and then
    (void)pictures.show(120, 500ms);
    (void)pictures.show(60, 3s);
  }
  EXPECT_EQ(pictures.scaler.correction(), 0);
}

TEST(QualityScaler, WaitsLongerEachTimeThatLargerPicturesAreTooCoarse) {
  Pictures pictures;
  Duration before{};
  for (int i = 0; i < 4; ++i) {
    (void)pictures.show(110, 60s);
    ASSERT_EQ(pictures.scaler.correction(), -1);
    const Duration waited = pictures.show(20, 300s);
    ASSERT_EQ(pictures.scaler.correction(), 0);
    EXPECT_GE(waited, before + 5s);
    before = waited;
  }
}

TEST(QualityScaler, KnowsEachCodecsScale) {
  struct Case {
    CodecType codec;
    int fine, usual, coarse;
  };
  for (const auto& [codec, fine, usual, coarse] :
       {Case{CodecType::kVp8, 28, 60, 96}, Case{CodecType::kVp9, 95, 140, 186}, Case{CodecType::kH264, 23, 30, 38},
        Case{CodecType::kAv1, 144, 180, 206}}) {
    for (const auto& [quantizer, correction] : {std::pair{fine, 1}, {usual, 0}, {coarse, -1}}) {
      Pictures pictures{.codec = codec};
      (void)pictures.show(quantizer, 30s);
      EXPECT_EQ(pictures.scaler.correction(), correction) << to_string(codec) << ' ' << quantizer;
    }
  }
}

TEST(QualityScaler, DoesNotJudgeTheFirstPicturesOfAnotherSize) {
  Pictures pictures;
  for (int i = 0; i < 20; ++i) {
    pictures.scaler.restart(pictures.now);
    (void)pictures.show(120, 950ms);
  }
  EXPECT_EQ(pictures.scaler.correction(), 0);
}

}  // namespace
}  // namespace tidewire::session
