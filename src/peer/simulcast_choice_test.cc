#include "peer/simulcast_choice.h"

#include <gtest/gtest.h>

namespace tidewire::peer {
namespace {

using std::chrono::milliseconds;
using Verdict = SimulcastChoice::Verdict;

EncodedFrame frame(bool key, int width) {
  return {.key_frame = key, .width = key ? width : 0, .height = key ? width / 2 : 0};
}
Timestamp at(int ms) { return Timestamp{} + std::chrono::hours(1) + milliseconds(ms); }

TEST(SimulcastChoice, ShowsTheLargestThatComes) {
  SimulcastChoice choice;
  EXPECT_EQ(choice.judge("q", frame(false, 0), at(0)), Verdict::kWant);
  EXPECT_EQ(choice.judge("q", frame(true, 320), at(10)), Verdict::kShow);
  EXPECT_EQ(choice.judge("f", frame(true, 1280), at(20)), Verdict::kShow);
  EXPECT_EQ(choice.judge("h", frame(true, 640), at(30)), Verdict::kIgnore);
  EXPECT_EQ(choice.judge("q", frame(false, 0), at(40)), Verdict::kIgnore);
  EXPECT_EQ(choice.judge("f", frame(false, 0), at(50)), Verdict::kShow);
  EXPECT_EQ(choice.shown(), "f");
}

TEST(SimulcastChoice, TakesASmallerOneWhenTheLargestFallsSilentAndGoesBack) {
  SimulcastChoice choice;
  choice.judge("f", frame(true, 1280), at(0));
  choice.judge("h", frame(true, 640), at(100));
  EXPECT_EQ(choice.judge("h", frame(false, 0), at(400)), Verdict::kIgnore);
  EXPECT_EQ(choice.judge("h", frame(false, 0), at(600)), Verdict::kWant);
  EXPECT_EQ(choice.judge("h", frame(true, 640), at(650)), Verdict::kShow);
  EXPECT_EQ(choice.judge("f", frame(false, 0), at(900)), Verdict::kWant) << "it is back, and larger";
  EXPECT_EQ(choice.judge("f", frame(true, 1280), at(950)), Verdict::kShow);
}

}  // namespace
}  // namespace tidewire::peer
