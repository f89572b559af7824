// Sound and pictures over networks that lose, delay, reorder and repeat packets.
#include "media_call.h"

namespace tidewire::scenario {
namespace {

// A packet crosses two links, each of which loses half of the share.
MediaCallOptions with_link(const sim::LinkConfig& link, std::uint64_t seed) {
  MediaCallOptions options;
  options.call.seed = seed;
  options.call.link = link;
  options.redundancy = true;
  return options;
}

// Ten of a hundred packets, about three at a time.
const sim::LinkConfig kBursts{.delay = 25ms, .burst_enter = 0.018, .burst_leave = 0.3};

class MediaUnderLoss : public testing::TestWithParam<std::uint64_t> {};

TEST_P(MediaUnderLoss, TwoPercentOverAHundredMillisecondsIsSmooth) {
  MediaCall call(with_link({.delay = 25ms, .loss = 0.01}, GetParam()));
  ASSERT_TRUE(call.run_until_settled()) << call.describe();
  const Quality quality = call.measure(call.bob, 60s);
  record("two_percent", quality);
  expect_good(quality);
  EXPECT_EQ(call.bob.damaged_frames, 0U);
  EXPECT_GT(MediaCall::inbound(call.bob, MediaKind::kVideo, call.now()).retransmitted_packets_received, 0U);
  EXPECT_GT(MediaCall::inbound(call.bob, MediaKind::kAudio, call.now()).fec_packets_received, 0U);
}

TEST_P(MediaUnderLoss, RecoversWithinASecondAfterABurst) {
  const sim::LinkConfig calm{.delay = 25ms};
  MediaCall call(with_link(calm, GetParam()));
  ASSERT_TRUE(call.run_until_settled()) << call.describe();
  call.set_link(kBursts);
  const Quality in_burst = call.measure(call.bob, 5s);
  call.set_link(calm);
  call.simulation.run_for(1s);
  const Quality after = call.measure(call.bob, 20s);
  record("in_burst", in_burst);
  record("after_burst", after);
  EXPECT_LE(in_burst.skew_p95_ms, 80) << "the delays of sound and pictures rise together";
  EXPECT_EQ(after.freezes, 0U);
  EXPECT_EQ(after.concealed_share, 0);
  EXPECT_LT(call.bob.playout.longest_video_gap(), 200ms);
  expect_good(after);
}

TEST_P(MediaUnderLoss, BurstsOfTenPercentLeaveACallInSync) {
  MediaCall call(with_link(kBursts, GetParam()));
  ASSERT_TRUE(call.run_until_settled()) << call.describe();
  const Quality quality = call.measure(call.bob, 60s);
  record("bursts", quality);
  SCOPED_TRACE(quality.describe());
  EXPECT_LE(quality.skew_p95_ms, 40);
  EXPECT_LT(quality.frozen_share, 0.02);
  EXPECT_LT(quality.concealed_share, 0.06) << "lost three at a time, of which a copy stands for one";
}

TEST_P(MediaUnderLoss, JitterReorderingAndRepetitionAreNotSeenNorHeard) {
  MediaCall call(
      with_link({.delay = 15ms, .jitter = 15ms, .duplicate = 0.03, .reorder = 0.03, .reorder_by = 20ms}, GetParam()));
  ASSERT_TRUE(call.run_until_settled()) << call.describe();
  const Quality quality = call.measure(call.bob, 60s);
  record("jitter", quality);
  expect_good(quality);
  EXPECT_EQ(call.bob.damaged_frames, 0U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, MediaUnderLoss, testing::Values(1U, 2U, 3U));

}  // namespace
}  // namespace tidewire::scenario
