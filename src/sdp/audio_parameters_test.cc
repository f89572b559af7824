#include "sdp/audio_parameters.h"

#include <gtest/gtest.h>

namespace tidewire::sdp {
namespace {

using std::chrono::milliseconds;

TEST(AudioParameters, AreThoseOfOpus) {
  const auto wanted =
      audio_send_parameters("minptime=10;useinbandfec=1;stereo=1; usedtx=1;maxaveragebitrate=64000", {}, {});
  EXPECT_TRUE(wanted.fec && wanted.stereo && wanted.dtx);
  EXPECT_EQ(wanted.max_average_bitrate, 64'000U);
  EXPECT_EQ(wanted.packet_time, milliseconds{20});
  EXPECT_EQ(audio_send_parameters("", {}, {}), AudioSendParameters{});
}

TEST(AudioParameters, ThatMakeNoSenseCountAsNotGiven) {
  EXPECT_FALSE(audio_send_parameters("stereo=2;usedtx=yes", {}, {}).stereo);
  EXPECT_FALSE(audio_send_parameters("maxaveragebitrate=-5", {}, {}).max_average_bitrate);
  EXPECT_FALSE(audio_send_parameters("maxaveragebitrate=0", {}, {}).max_average_bitrate);
  // RFC 7587 §6.1 has bounds.
  EXPECT_EQ(audio_send_parameters("maxaveragebitrate=1", {}, {}).max_average_bitrate, 6'000U);
  EXPECT_EQ(audio_send_parameters("maxaveragebitrate=4000000000", {}, {}).max_average_bitrate, 510'000U);
}

TEST(AudioParameters, PacketsAreAsLongAsIsWantedAndAllowed) {
  struct Row {
    std::optional<std::uint32_t> ptime, maxptime;
    int expected;
  };
  for (const Row& row : {Row{{}, {}, 20}, Row{10U, {}, 10}, Row{30U, {}, 20}, Row{60U, {}, 60}, Row{120U, {}, 60},
                         Row{60U, 40U, 40}, Row{{}, 10U, 10}, Row{0U, {}, 10}, Row{20U, 3U, 10}}) {
    EXPECT_EQ(audio_send_parameters("", row.ptime, row.maxptime).packet_time, milliseconds{row.expected});
  }
}

}  // namespace
}  // namespace tidewire::sdp
