#include "congestion/google/packet_groups.h"

#include <gtest/gtest.h>

namespace tidewire::congestion::google {
namespace {

using namespace std::chrono_literals;

Timestamp at(Duration d) { return Timestamp{d}; }

TEST(PacketGroups, ComparesGroupsOnceTheNextBegins) {
  PacketGroups groups;
  EXPECT_FALSE(groups.add(at(0ms), 100ms, at(200ms)));
  EXPECT_FALSE(groups.add(at(5ms), 106ms, at(200ms)));   // within the burst
  EXPECT_FALSE(groups.add(at(20ms), 121ms, at(200ms)));  // a second group: there is nothing to compare with yet
  const auto delta = groups.add(at(40ms), 150ms, at(200ms));
  ASSERT_TRUE(delta);
  EXPECT_EQ(delta->sent, 15ms);  // last to last
  EXPECT_EQ(delta->arrived, 15ms);
}

TEST(PacketGroups, CountsWhatCaughtUpToTheGroupThatItCaughtUpWith) {
  PacketGroups groups;
  (void)groups.add(at(0ms), 100ms, at(200ms));
  (void)groups.add(at(20ms), 120ms, at(200ms));
  // Left 20 ms later and arrived 1 ms later: both waited for the same thing.
  EXPECT_FALSE(groups.add(at(40ms), 121ms, at(200ms)));
  const auto delta = groups.add(at(60ms), 160ms, at(200ms));
  ASSERT_TRUE(delta);
  EXPECT_EQ(delta->sent, 40ms);
  EXPECT_EQ(delta->arrived, 21ms);
}

TEST(PacketGroups, ABunchDoesNotGoOnForever) {
  PacketGroups groups;
  int deltas = 0;
  for (int i = 0; i < 100; ++i) deltas += groups.add(at(20ms * i), 1000ms + 3ms * i, at(2s)) ? 1 : 0;
  EXPECT_EQ(deltas, 1);  // 100 ms hold 34 packets
}

TEST(PacketGroups, IgnoresPacketsOfClosedGroups) {
  PacketGroups groups;
  (void)groups.add(at(0ms), 100ms, at(200ms));
  (void)groups.add(at(20ms), 120ms, at(200ms));
  EXPECT_FALSE(groups.add(at(10ms), 125ms, at(200ms)));
  const auto delta = groups.add(at(40ms), 140ms, at(200ms));
  ASSERT_TRUE(delta);
  EXPECT_EQ(delta->arrived, 20ms);
}

TEST(PacketGroups, BeginsAgainWhenTheReceiversClockWasSet) {
  for (const Duration jump : {Duration{5s}, Duration{-5s}}) {
    PacketGroups groups;
    int deltas = 0;
    for (int i = 0; i < 4; ++i) deltas += groups.add(at(20ms * i), 1min + 20ms * i, at(20ms * i)) ? 1 : 0;
    EXPECT_EQ(deltas, 2);
    for (int i = 4; i < 20; ++i) {
      const auto delta = groups.add(at(20ms * i), 1min + jump + 20ms * i, at(20ms * i));
      if (!delta) continue;
      EXPECT_EQ(delta->arrived, 20ms);
      ++deltas;
    }
    EXPECT_GE(deltas, 13);
  }
}

}  // namespace
}  // namespace tidewire::congestion::google
