// The flags of rates and of the network that is not there.
#include "rate_options.h"

#include <gmock/gmock.h>

namespace tidewire::app {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

struct Flags {
  RateOptions rates;
  PathOptions path;
  std::string error;

  explicit Flags(const std::string& line) {
    CLI::App app;
    add_rate_options(app, rates);
    add_path_options(app, path);
    try {
      app.parse(line);
    } catch (const CLI::Error& wrong) {
      error = wrong.what();
    }
  }
};

TEST(RateOptions, SayWhatIsSent) {
  const Flags flags(
      "--congestion-control google --video-bitrate 2.5M --audio-bitrate 64k --start-bitrate 800000 --max-bitrate 4M");
  ASSERT_EQ(flags.error, "");
  Configuration configuration;
  ASSERT_TRUE(apply(flags.rates, configuration));
  EXPECT_EQ(configuration.congestion_control, CongestionControl::kGoogle);
  EXPECT_EQ(configuration.video_bitrate, 2'500'000U);
  EXPECT_EQ(configuration.audio_bitrate, 64'000U);
  EXPECT_EQ(configuration.start_bitrate, 800'000U);
  EXPECT_EQ(configuration.max_bitrate, 4'000'000U);
}

TEST(RateOptions, LeaveWhatIsNotGivenAsItIs) {
  Configuration configuration;
  ASSERT_TRUE(apply(Flags("").rates, configuration));
  const Configuration untouched;
  EXPECT_EQ(configuration.congestion_control, untouched.congestion_control);
  EXPECT_EQ(configuration.video_bitrate, untouched.video_bitrate);
  EXPECT_EQ(configuration.audio_bitrate, untouched.audio_bitrate);
  EXPECT_EQ(configuration.start_bitrate, untouched.start_bitrate);
  EXPECT_EQ(configuration.max_bitrate, untouched.max_bitrate);
}

TEST(RateOptions, AStartAboveTheMostIsNoMatterUnlessItWasAskedFor) {
  Configuration configuration;
  ASSERT_TRUE(apply(Flags("--max-bitrate 300k").rates, configuration));
  EXPECT_EQ(configuration.start_bitrate, 300'000U);
  const auto refused = apply(Flags("--max-bitrate 300k --start-bitrate 1M").rates, configuration);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "--start-bitrate is above --max-bitrate: 1 Mbit/s and 300 kbit/s");
}

TEST(RateOptions, ErrorsNameWhatIsWrong) {
  EXPECT_EQ(Flags("--video-bitrate fast").error, "--video-bitrate: 'fast' is no bitrate; try 2.5M or 800k");
  EXPECT_THAT(Flags("--audio-bitrate 64").error, HasSubstr("'64' is less than 1 kbit/s; did you mean 64M or 64k?"));
  EXPECT_THAT(Flags("--max-bitrate 5G").error, HasSubstr("--max-bitrate: '5G' is above 4 Gbit/s"));
  EXPECT_THAT(Flags("--congestion-control cubic").error, HasSubstr("--congestion-control"));
  EXPECT_THAT(Flags("--bandwidth 5M,,1M").error, HasSubstr("--bandwidth: '' is no bitrate"));
  EXPECT_THAT(Flags("--bandwidth 0,1M").error, HasSubstr("--bandwidth"));
  EXPECT_THAT(Flags("--step soon").error, HasSubstr("--step"));
}

TEST(PathOptions, RatesFollowEachOtherOverAndOver) {
  const Flags flags("--bandwidth 5M,200k,0 --step 2s");
  ASSERT_EQ(flags.error, "");
  EXPECT_THAT(flags.path.bandwidth, ElementsAre(5'000'000, 200'000, 0));
  const auto path = make_path(flags.path).value();
  const Timestamp begin{1h};
  path->start(begin);
  EXPECT_EQ(path->bits_per_second(begin + 1s), 5'000'000U);
  EXPECT_EQ(path->bits_per_second(begin + 3s), 200'000U);
  EXPECT_EQ(path->bits_per_second(begin + 5s), 0U);
  EXPECT_EQ(path->bits_per_second(begin + 7s), 5'000'000U);
}

TEST(PathOptions, WithoutBandwidthThereIsNone) {
  EXPECT_EQ(make_path(Flags("").path).value(), nullptr);
  EXPECT_FALSE(make_path(Flags("--bandwidth 1M --step 0").path));
  EXPECT_FALSE(make_path(Flags("--bandwidth 1M --queue 0").path));
}

TEST(PathOptions, TheTestPictureIsLargeEnoughToBeMadeSmaller) {
  const auto height = [](const std::string& line) {
    const Flags flags(line);
    return usual_height(flags.rates, flags.path);
  };
  EXPECT_EQ(height(""), 480);
  EXPECT_EQ(height("--bandwidth 5M"), 1080);
  EXPECT_EQ(height("--bandwidth 5M --video-height 360"), 360);
}

TEST(Rates, InWords) {
  EXPECT_EQ(in_words(0), "nothing");
  EXPECT_EQ(in_words(800'000), "800 kbit/s");
  EXPECT_EQ(in_words(2'500'000), "2.5 Mbit/s");
}

}  // namespace
}  // namespace tidewire::app
