#include "session/overuse_detector.h"

#include <gtest/gtest.h>

#include <vector>

namespace tidewire::session {
namespace {

using namespace std::chrono_literals;
using Verdict = OveruseDetector::Verdict;

// An encoder that tells of its load every second.
struct Encoder {
  OveruseDetector detector;
  Timestamp now{100s};

  Verdict second(double usage, std::uint64_t dropped = 0) {
    now += 1s;
    const auto busy = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(usage));
    return detector.note({.elapsed = 1s, .busy = busy, .pictures = 30, .dropped = dropped}, now);
  }
  // How long it takes until something is said, and what; nothing within five minutes.
  std::pair<Verdict, int> until(double usage, std::uint64_t dropped = 0) {
    for (int i = 1; i <= 300; ++i) {
      if (const Verdict verdict = second(usage, dropped); verdict != Verdict::kNone) return {verdict, i};
    }
    return {Verdict::kNone, 300};
  }
};

TEST(OveruseDetector, SaysWithinSecondsThatItIsTooMuch) {
  EXPECT_EQ(Encoder().until(0.95), std::pair(Verdict::kOveruse, 3));
  EXPECT_EQ(Encoder().until(0.6, 10), std::pair(Verdict::kOveruse, 3)) << "pictures are being left out";
}

TEST(OveruseDetector, IsContentBetweenItsBounds) {
  EXPECT_EQ(Encoder().until(0.5).first, Verdict::kNone);
  EXPECT_EQ(Encoder().until(0.8).first, Verdict::kNone);
  EXPECT_EQ(Encoder().until(0.8, 2).first, Verdict::kNone) << "sources jitter";
}

TEST(OveruseDetector, DoesNotMindASingleBusySecond) {
  Encoder encoder;
  for (int i = 0; i < 60; ++i)
    EXPECT_EQ(encoder.second(i % 4 == 0 ? 1.0 : 0.6, i % 4 == 0 ? 8 : 0), Verdict::kNone) << i;
}

TEST(OveruseDetector, SaysAfterAWhileThatThereIsRoom) {
  Encoder encoder;
  EXPECT_EQ(encoder.until(0.3), std::pair(Verdict::kUnderuse, 11));
  // Again, after what has changed has settled.
  EXPECT_EQ(encoder.until(0.3), std::pair(Verdict::kUnderuse, 13));
}

TEST(OveruseDetector, WaitsLongerEachTimeThatItWasWrong) {
  Encoder encoder;
  std::vector<int> waits;
  for (int i = 0; i < 7; ++i) {
    ASSERT_EQ(encoder.until(1.0).first, Verdict::kOveruse);
    const auto [verdict, seconds] = encoder.until(0.3);
    ASSERT_EQ(verdict, Verdict::kUnderuse);
    waits.push_back(seconds);
  }
  EXPECT_EQ(waits, (std::vector{13, 23, 43, 83, 163, 243, 243}));
  // What comes up long afterwards is another story.
  for (int i = 0; i < 90; ++i) (void)encoder.second(0.6);
  ASSERT_EQ(encoder.until(1.0).first, Verdict::kOveruse);
  EXPECT_EQ(encoder.detector.back_off(), OveruseDetector::kFirstBackOff);
}

TEST(OveruseDetector, LearnsNothingFromReportsWithoutPictures) {
  Encoder encoder;
  for (int i = 0; i < 60; ++i) {
    encoder.now += 1s;
    EXPECT_EQ(encoder.detector.note({.elapsed = 1s}, encoder.now), Verdict::kNone);
    EXPECT_EQ(encoder.detector.note({.busy = 1s, .pictures = 30}, encoder.now), Verdict::kNone);
  }
  EXPECT_FALSE(encoder.detector.usage());
}

}  // namespace
}  // namespace tidewire::session
