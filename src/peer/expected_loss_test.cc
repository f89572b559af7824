#include "peer/expected_loss.h"

#include <gtest/gtest.h>

namespace tidewire::peer {
namespace {

TEST(ExpectedLoss, RisesFastFallsSlowlyAndKeepsItsBounds) {
  ExpectedLoss loss;
  EXPECT_EQ(loss.percent(), ExpectedLoss::kLeast);
  for (int i = 0; i < 10; ++i) loss.note(0.01);
  EXPECT_EQ(loss.percent(), ExpectedLoss::kLeast);
  int rising = 0;
  while (loss.percent() < 14 && rising < 100) {
    loss.note(0.15);
    ++rising;
  }
  EXPECT_LE(rising, 4);
  for (int i = 0; i < 20; ++i) loss.note(1);
  EXPECT_EQ(loss.percent(), ExpectedLoss::kMost);
  int falling = 0;
  while (loss.percent() > ExpectedLoss::kLeast && falling < 100) {
    loss.note(0);
    ++falling;
  }
  EXPECT_GE(falling, 10);
  EXPECT_LE(falling, 25);
}

TEST(ExpectedLoss, OneBadReportDoesNotReachTheBound) {
  ExpectedLoss loss;
  loss.note(0.3);
  EXPECT_LE(loss.percent(), 15);
}

}  // namespace
}  // namespace tidewire::peer
