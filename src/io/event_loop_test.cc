#include "io/event_loop.h"

#include <gmock/gmock.h>

#include <atomic>
#include <optional>
#include <string>

namespace tidewire::io {
namespace {

using namespace std::chrono_literals;

constexpr Duration kPatience = 20s;

class EventLoopTest : public testing::Test {
 protected:
  bool until(UniqueFunction<bool()> done) { return loop_.run_until(std::move(done), EventLoop::now() + kPatience); }
  EventLoop loop_;
};

TEST_F(EventLoopTest, RunsPostedFunctionsInOrderOnItsThread) {
  LoopThread other;
  std::string order;
  std::atomic<bool> done = false;
  EXPECT_FALSE(other.loop().is_in_loop_thread() && std::this_thread::get_id() == std::thread::id{});
  for (const char c : {'a', 'b', 'c'}) other.loop().post([&, c] { order += c; });
  other.loop().post([&] {
    EXPECT_TRUE(other.loop().is_in_loop_thread());
    done = true;
    loop_.post([] {});
  });
  ASSERT_TRUE(until([&] { return done.load(); }));
  EXPECT_FALSE(other.loop().is_in_loop_thread());
  EXPECT_EQ(order, "abc");
}

TEST_F(EventLoopTest, TimersFireInTheOrderOfTheirDeadlinesAndNotBefore) {
  const Timestamp start = EventLoop::now();
  std::string order;
  const auto note = [&](char c, Duration after) {
    return Timer(loop_, [&order, c, start, after](Timestamp now) {
      EXPECT_GE(now, start + after);
      order += c;
    });
  };
  Timer c = note('c', 15ms);
  Timer a = note('a', 5ms);
  Timer b = note('b', 10ms);
  c.set(start + 15ms);
  a.set(start + 5ms);
  b.set(start + 10ms);
  ASSERT_TRUE(until([&] { return order.size() == 3; }));
  EXPECT_EQ(order, "abc");
  EXPECT_EQ(a.deadline(), kNever);
}

TEST_F(EventLoopTest, ATimerThatMovesFiresOnceAtItsLastDeadline) {
  const Timestamp start = EventLoop::now();
  std::vector<Timestamp> later;
  std::vector<Timestamp> sooner;
  Timer moves_later(loop_, [&](Timestamp now) { later.push_back(now); });
  Timer moves_sooner(loop_, [&](Timestamp now) { sooner.push_back(now); });
  moves_later.set(start + 2ms);
  moves_later.set(start + 30ms);
  moves_sooner.set(start + 1h);
  moves_sooner.set(start + 3ms);
  ASSERT_TRUE(until([&] { return !later.empty(); }));
  EXPECT_THAT(later, testing::ElementsAre(testing::Ge(start + 30ms)));
  EXPECT_THAT(sooner, testing::ElementsAre(testing::Lt(later.front())));
}

TEST_F(EventLoopTest, ATimerInThePastFiresInTheNextTurnAndNotInsideSet) {
  bool fired = false;
  Timer timer(loop_, [&](Timestamp) { fired = true; });
  timer.set(Timestamp{});
  EXPECT_FALSE(fired);
  EXPECT_TRUE(until([&] { return fired; }));
}

TEST_F(EventLoopTest, CancelledAndDestroyedTimersStaySilent) {
  int fired = 0;
  Timer cancelled(loop_, [&](Timestamp) { ++fired; });
  std::optional<Timer> destroyed;
  destroyed.emplace(loop_, [&](Timestamp) { ++fired; });
  cancelled.set(EventLoop::now());
  destroyed->set(EventLoop::now());
  cancelled.cancel();
  destroyed.reset();
  bool later = false;
  Timer end(loop_, [&](Timestamp) { later = true; });
  end.set(EventLoop::now() + 5ms);
  ASSERT_TRUE(until([&] { return later; }));
  EXPECT_EQ(fired, 0);
}

TEST_F(EventLoopTest, ATimerMayBeSetAgainMovedOrDestroyedInItsCallback) {
  int fired = 0;
  std::optional<Timer> timer;
  timer.emplace(loop_, [&, held = std::string(100, 'x')](Timestamp now) {
    if (++fired < 3) return timer->set(now);
    timer.reset();
    EXPECT_EQ(held.size(), 100U);
  });
  timer->set(EventLoop::now());
  EXPECT_TRUE(until([&] { return fired == 3 && !timer; }));
}

TEST_F(EventLoopTest, RunUntilGivesUpAtItsDeadline) {
  EXPECT_FALSE(loop_.run_until([] { return false; }, EventLoop::now() + 5ms));
}

TEST_F(EventLoopTest, StopEndsRunFromAnotherThread) {
  LoopThread other;
  other.loop().post([this] { loop_.stop(); });
  loop_.run();
  EXPECT_FALSE(until([] { return false; })) << "it stays stopped";
}

TEST_F(EventLoopTest, ALoopThreadMayBeDestroyedInItsOwnCallback) {
  std::atomic<bool> done = false;
  auto other = std::make_unique<LoopThread>();
  EventLoop& loop = other->loop();
  loop.post([&] {
    other.reset();
    done = true;
    loop_.post([] {});
  });
  EXPECT_TRUE(until([&] { return done.load(); }));
}

TEST_F(EventLoopTest, TheWallClockAnchorTellsTheTimeOfDay) {
  const WallClockAnchor anchor = EventLoop::wall_clock_anchor();
  EXPECT_GT(anchor.wall.since_epoch, std::chrono::hours{24 * 365 * 50});
  EXPECT_LE(anchor.monotonic, EventLoop::now());
}

}  // namespace
}  // namespace tidewire::io
