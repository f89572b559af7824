#include "session/video_ladder.h"

#include <gtest/gtest.h>

namespace tidewire::session {
namespace {

using namespace std::chrono_literals;

std::string refused(const std::vector<VideoLadderStep>& ladder) {
  const auto fine = check_video_ladder(ladder);
  return fine ? "" : fine.error().message;
}

TEST(VideoLadder, TheDefaultIsFine) { EXPECT_EQ(refused(default_video_ladder()), ""); }

TEST(VideoLadder, ErrorsNameWhatIsWrong) {
  EXPECT_EQ(refused({}), "video_ladder has 0 steps; give it 1 to 16");
  EXPECT_EQ(refused(std::vector<VideoLadderStep>(17)), "video_ladder has 17 steps; give it 1 to 16");
  EXPECT_EQ(refused({{{720, 1280}, 1}}), "video_ladder[0] is higher than wide; sizes are those of lying pictures");
  EXPECT_EQ(refused({{{640, 360}, 1}, {{20, 10}, 0}}), "video_ladder[1] is smaller than 16 pixels a side");
  EXPECT_EQ(refused({{{640, 360}, 1}, {{640, 360}, 0}}),
            "video_ladder[1] is not smaller than the one before; list sizes from the largest to the smallest");
  EXPECT_EQ(refused({{{640, 360}, 1}, {{480, 480}, 0}}),
            "video_ladder[1] is not smaller than the one before; list sizes from the largest to the smallest");
  EXPECT_EQ(refused({{{640, 360}, 1}, {{320, 180}, 1}}),
            "video_ladder[1] does not take less than the one before; lower its bitrate");
}

TEST(VideoLadder, FollowsTheStepsOfTheApplication) {
  const std::vector<VideoLadderStep> steps{{{3840, 2160}, 8'000'000}, {{1280, 720}, 900'000}, {{320, 180}, 0}};
  for (const auto& [bitrate, height] : {std::pair{10'000'000U, 2160}, {5'000'000U, 720}, {500'000U, 180}}) {
    EXPECT_EQ(VideoLadder().size(steps, bitrate, 1, Timestamp{1s}).height, height);
  }
  EXPECT_EQ(VideoLadder().size(steps, 800'000, 1.25, Timestamp{1s}).height, 720) << "a codec that needs less";
}

}  // namespace
}  // namespace tidewire::session
