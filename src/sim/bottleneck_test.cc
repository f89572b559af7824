#include "sim/bottleneck.h"

#include <gtest/gtest.h>

#include "sim/link.h"

namespace tidewire::sim {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp kStart{1h};

std::shared_ptr<const RateSchedule> schedule(std::vector<RateSchedule::Step> steps) {
  return std::make_shared<const RateSchedule>(std::move(steps));
}

TEST(Bottleneck, IsSharedByLinksThatNameIt) {
  const auto bottleneck = std::make_shared<Bottleneck>(BottleneckConfig{.bits_per_second = 1'000'000});
  bottleneck->keep_log();
  Link near({.shared = bottleneck, .tag = 1, .delay = 10ms}, 1);
  Link far({.shared = bottleneck, .tag = 2, .delay = 50ms}, 2);
  EXPECT_EQ(near.carry(1000, kStart), kStart + 18ms);
  EXPECT_EQ(far.carry(1000, kStart), kStart + 66ms) << "behind the other one's packet";
  ASSERT_EQ(bottleneck->log().size(), 2U);
  EXPECT_LE(bottleneck->log()[0].queued, 1us) << "until its first bit has left";
  EXPECT_NEAR(std::chrono::duration<double>(bottleneck->log()[1].queued).count(), 0.008, 1e-5);
  EXPECT_EQ(bottleneck->log()[1].tag, 2U);
}

TEST(Bottleneck, SendsWhatWaitsAtTheRateOfItsTime) {
  Bottleneck bottleneck({.schedule = schedule({{0s, 1'000'000}, {4ms, 0}, {1s, 500'000}}), .schedule_start = kStart});
  EXPECT_EQ(bottleneck.pass(1000, 0, kStart), kStart + 1008ms) << "a half before the outage, a half after it";
  EXPECT_EQ(bottleneck.pass(1000, 0, kStart + 500ms), kStart + 1024ms);
}

TEST(Bottleneck, DropsWhatAFullQueueCannotHold) {
  struct Case {
    BottleneckConfig config;
    int passed;
  };
  // Packets of 8 ms each; one more than fits is taken, for it begins inside.
  const Case cases[] = {{{.bits_per_second = 1'000'000, .queue_bytes = 5000}, 6},
                        {{.bits_per_second = 1'000'000, .queue_time = 80ms}, 11},
                        {{.bits_per_second = 1000, .queue_time = 80ms}, 4},
                        {{.bits_per_second = 0, .queue_bytes = 1}, 20}};
  for (const Case& it : cases) {
    Bottleneck bottleneck(it.config);
    bottleneck.keep_log();
    int passed = 0;
    for (int i = 0; i < 20; ++i) passed += bottleneck.pass(1000, 0, kStart).has_value() ? 1 : 0;
    EXPECT_EQ(passed, it.passed);
    EXPECT_EQ(bottleneck.log().back().dropped(), it.passed < 20);
  }
}

TEST(Bottleneck, MarksWhatWaitsTheMoreTheLongerItWaits) {
  // Each packet is a millisecond of the queue.
  Bottleneck bottleneck({.bits_per_second = 8'000'000, .mark_from = 10ms, .mark_to = 30ms});
  bottleneck.keep_log();
  const auto marked_of = [&](int packets) {
    int marked = 0;
    for (int i = 0; i < packets; ++i) {
      Ecn ecn = Ecn::kEct1;
      EXPECT_TRUE(bottleneck.pass(1000, 0, kStart, ecn));
      marked += ecn == Ecn::kCe ? 1 : 0;
    }
    return marked;
  };
  EXPECT_EQ(marked_of(10), 0);
  EXPECT_NEAR(marked_of(20), 10, 1) << "half of them on average";
  EXPECT_EQ(marked_of(10), 10);
  EXPECT_TRUE(bottleneck.log().back().marked);
  for (const Ecn other : {Ecn::kNotEct, Ecn::kEct0, Ecn::kCe}) {
    Ecn ecn = other;
    EXPECT_TRUE(bottleneck.pass(1000, 0, kStart, ecn));
    EXPECT_EQ(ecn, other);
    EXPECT_FALSE(bottleneck.log().back().marked);
  }
}

TEST(Bottleneck, HoldsAsMuchInAnOutageAsBeforeIt) {
  Bottleneck bottleneck({.schedule = schedule({{0s, 1'000'000}, {1s, 0}, {3s, 1'000'000}}),
                         .schedule_start = kStart,
                         .queue_time = 80ms});
  (void)bottleneck.pass(1000, 0, kStart);
  int passed = 0;
  for (int i = 0; i < 20; ++i) passed += bottleneck.pass(1000, 0, kStart + 2s).has_value() ? 1 : 0;
  EXPECT_EQ(passed, 11);
}

}  // namespace
}  // namespace tidewire::sim
