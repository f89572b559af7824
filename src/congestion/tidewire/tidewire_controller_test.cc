#include "congestion/tidewire/tidewire_controller.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "base/allocations_for_test.h"

namespace tidewire::congestion {
namespace {

using namespace std::chrono_literals;

Timestamp at(Duration d) { return Timestamp{d}; }

// A sender of equal packets whose fate the test decides.
struct Sender {
  explicit Sender(const Limits& limits = {}) : controller(limits, at(0s)) {}

  // Sends for 100 ms at the target and reports on all of it, each `delay(sent)` late.
  template <typename Delay>
  void round(Delay&& delay) {
    results.clear();
    const auto packets = std::clamp<std::uint64_t>(controller.estimate().target_bitrate / 10 / 9600 + 1, 1, 400);
    for (std::uint64_t i = 0; i < packets; ++i) {
      const Timestamp sent = now + 100ms * i / packets;
      in_flight += 1200;
      controller.handle_sent({.number = number, .size = 1200, .sent = sent, .bytes_in_flight = in_flight});
      results.push_back({.number = number++, .sent = sent, .size = 1200, .arrival = delay(sent)});
    }
    now += 100ms;
    in_flight = 0;
    controller.handle_feedback({.received = now + 50ms, .results = results});
    while (controller.poll_probe()) {
    }
  }
  void rounds(int count, Duration delay = 50ms) {
    for (int i = 0; i < count; ++i) round([&](Timestamp sent) { return sent - at(0s) + delay; });
  }
  std::uint64_t target() const { return controller.estimate().target_bitrate; }

  TidewireController controller;
  Timestamp now = at(0s);
  std::int64_t number = 0;
  std::size_t in_flight = 0;
  std::vector<PacketResult> results;
};

TEST(TidewireController, BeginsWithWhatTheLimitsSayAndAProbe) {
  TidewireController controller({.start = 700'000}, at(0s));
  EXPECT_EQ(controller.estimate().target_bitrate, 700'000U);
  EXPECT_GE(controller.estimate().pacing_bitrate, 700'000U);
  const auto probe = controller.poll_probe();
  ASSERT_TRUE(probe);
  EXPECT_GT(probe->bitrate, 700'000U);
  EXPECT_FALSE(controller.poll_probe());
}

TEST(TidewireController, KeepsToItsLimits) {
  Sender sender({.min = 100'000, .start = 500'000, .max = 900'000});
  sender.rounds(300);
  EXPECT_LE(sender.target(), 900'000U);
  EXPECT_GT(sender.target(), 800'000U);
  sender.controller.set_limits({.min = 100'000, .max = 400'000}, sender.now);
  EXPECT_EQ(sender.target(), 400'000U);
  // A queue that only grows.
  for (int i = 0; i < 100; ++i) {
    sender.round([&](Timestamp sent) { return 2 * (sent - at(0s)); });
    EXPECT_GE(sender.target(), 100'000U);
  }
}

TEST(TidewireController, FindsNoMoreThanIsWanted) {
  Sender sender({.start = 500'000, .wanted = 800'000});
  sender.rounds(300);
  EXPECT_GE(sender.target(), 790'000U);
  EXPECT_LT(sender.target(), 900'000U);
}

TEST(TidewireController, YieldsToAQueueAndComesBack) {
  Sender sender({.start = 500'000, .max = 1'000'000});
  sender.rounds(100);
  const std::uint64_t before = sender.target();
  sender.rounds(2, 120ms);
  EXPECT_LT(sender.target(), before * 9 / 10);
  EXPECT_LT(sender.controller.estimate().congestion_window, before / 8);
  sender.rounds(50);
  EXPECT_GT(sender.target(), before * 9 / 10);
}

TEST(TidewireController, GoesQuietWithoutFeedbackAndKnocks) {
  Sender sender({.start = 500'000, .max = 1'000'000});
  sender.rounds(100);
  const std::uint64_t before = sender.target();
  std::size_t in_flight = 1200;
  sender.controller.handle_sent(
      {.number = sender.number, .size = 1200, .sent = sender.now, .bytes_in_flight = in_flight});
  Timestamp now = sender.controller.next_timeout();
  ASSERT_LT(now, sender.now + 2s);
  int knocks = 0;
  for (const Timestamp end = now + 3s; now < end; now = sender.controller.next_timeout()) {
    sender.controller.handle_timeout(now);
    ASSERT_EQ(sender.controller.mode(), TidewireController::Mode::kSilent);
    EXPECT_LE(sender.target(), before / 8);
    EXPECT_GT(sender.controller.estimate().padding_bitrate, 0U);
    ASSERT_GT(sender.controller.estimate().congestion_window, in_flight);
    in_flight += 1200;
    sender.controller.handle_sent({.number = ++sender.number, .size = 1200, .sent = now, .bytes_in_flight = in_flight});
    EXPECT_LE(sender.controller.estimate().congestion_window, in_flight);
    ++knocks;
    ASSERT_LT(knocks, 100);
  }
  EXPECT_GE(knocks, 5);
  sender.now = now;
  sender.rounds(1);
  EXPECT_GE(sender.target(), before * 8 / 10);
}

TEST(TidewireController, ForgetsThePathThatWasLeft) {
  Sender sender({.start = 500'000, .max = 5'000'000});
  sender.rounds(300);
  EXPECT_GT(sender.target(), 1'000'000U);
  sender.controller.path_changed(sender.now);
  EXPECT_EQ(sender.target(), 500'000U);
  EXPECT_TRUE(sender.controller.poll_probe());
  sender.rounds(100, 300ms);  // the new one is longer, and that is no queue
  EXPECT_GT(sender.target(), 500'000U);
}

// Arrivals that a receiver invents: whatever they are, the estimate stays in its limits, and finds its way back.
TEST(TidewireController, SurvivesFeedbackThatLies) {
  constexpr Duration kExtreme[] = {Duration::min(), Duration::max(), Duration{}, -1h, 24h * 300, -24h * 300};
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    std::mt19937_64 random(seed);
    Sender sender({.min = 50'000, .start = 500'000, .max = 2'000'000});
    sender.rounds(50);
    for (int i = 0; i < 200; ++i) {
      sender.round([&](Timestamp sent) -> std::optional<Duration> {
        switch (random() % 4) {
          case 0: return std::nullopt;
          case 1: return kExtreme[random() % std::size(kExtreme)];
          case 2: return Duration{static_cast<Duration::rep>(random())};
          default: return sent - at(0s) + Duration{static_cast<Duration::rep>(random() % 1'000'000'000)};
        }
      });
      ASSERT_GE(sender.target(), 50'000U);
      ASSERT_LE(sender.target(), 2'000'000U);
    }
    sender.rounds(400);
    EXPECT_GT(sender.target(), 1'800'000U) << seed;
  }
}

TEST(TidewireController, ReactsToMarksInProportion) {
  const auto after_marking = [](std::uint64_t one_of) {
    Sender sender({.start = 500'000, .max = 1'000'000});
    sender.rounds(100);
    for (PacketResult& result : sender.results) {
      result.number = sender.number;
      result.congested = static_cast<std::uint64_t>(sender.number++) % one_of == 0;
    }
    for (int i = 0; i < 10; ++i) {
      sender.now += 300ms;
      for (PacketResult& result : sender.results) {
        result.sent += 300ms;
        *result.arrival += 300ms;
      }
      sender.controller.handle_feedback({.received = sender.now, .results = sender.results});
    }
    return sender.target();
  };
  const std::uint64_t few = after_marking(10);
  const std::uint64_t all = after_marking(1);
  EXPECT_LT(few, 950'000U);
  EXPECT_GT(few, 500'000U);
  EXPECT_LT(all, few / 4);
}

TEST(TidewireController, AllocatesNothing) {
  Sender sender({.start = 500'000, .max = 2'000'000});
  sender.rounds(100);
  const std::size_t before = allocations_from_heap;
  sender.rounds(100);
  sender.rounds(20, 100ms);
  EXPECT_EQ(allocations_from_heap, before);
}

}  // namespace
}  // namespace tidewire::congestion
