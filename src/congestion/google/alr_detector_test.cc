#include "congestion/google/alr_detector.h"

#include <gtest/gtest.h>

namespace tidewire::congestion::google {
namespace {

using namespace std::chrono_literals;

// Sends at a share of an estimate of 1 Mbit/s.
void send(AlrDetector& detector, double share, Duration from, Duration to) {
  for (Duration t = from; t < to; t += 10ms) {
    detector.add(static_cast<std::size_t>(share * 1'000'000 / 8 / 100), Timestamp{t});
  }
}

TEST(AlrDetector, AnApplicationThatUsesHalfIsLimited) {
  AlrDetector detector;
  detector.set_estimate(1e6);
  send(detector, 0.3, 0s, 2s);
  ASSERT_TRUE(detector.since());
  EXPECT_LT(*detector.since(), Timestamp{1500ms});
}

TEST(AlrDetector, AnApplicationThatUsesThreeQuartersIsNot) {
  AlrDetector detector;
  detector.set_estimate(1e6);
  send(detector, 0.75, 0s, 20s);
  EXPECT_FALSE(detector.since());
}

TEST(AlrDetector, ItEndsWhenTheBudgetIsUsed) {
  AlrDetector detector;
  detector.set_estimate(1e6);
  send(detector, 0.2, 0s, 3s);
  const auto since = detector.since();
  ASSERT_TRUE(since);
  send(detector, 0.3, 3s, 4s);
  EXPECT_EQ(detector.since(), since);  // it is the same one still
  send(detector, 1.0, 4s, 6s);
  EXPECT_FALSE(detector.since());
}

}  // namespace
}  // namespace tidewire::congestion::google
