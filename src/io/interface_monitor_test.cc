// The monitor in a network namespace of the test's own, whose only interface is changed with ip(8).
#include "io/interface_monitor.h"

#include <gmock/gmock.h>
#include <sched.h>

#include <cstdlib>
#include <functional>
#include <optional>
#include <thread>

#include "io/interfaces.h"

namespace tidewire::io {
namespace {

using namespace std::chrono_literals;

constexpr Duration kPatience = 20s;

bool run(const char* command) { return std::system(command) == 0; }  // NOLINT(concurrency-mt-unsafe): one thread runs

// A namespace belongs to a thread: the story is told in one that ends with the test. The reason when it cannot be told.
std::string in_network_namespace(const std::function<void()>& story) {
  std::string obstacle;
  std::thread([&] {
    if (!run("ip -V >/dev/null 2>&1")) {
      obstacle = "no ip(8) here";
    } else if (unshare(CLONE_NEWNET) != 0 || !run("ip link set lo down 2>/dev/null")) {
      obstacle = "not allowed to make a network namespace here";
    } else {
      story();
    }
  }).join();
  return obstacle;
}

// Counts the calls, turns the loop.
struct Watched {
  explicit Watched(EventLoop& event_loop)
      : loop(event_loop), monitor(InterfaceMonitor::open(loop, [this] { ++calls; })) {}

  bool hears_of(const char* command) {
    const int before = calls;
    EXPECT_TRUE(run(command)) << command;
    return loop.run_until([&] { return calls > before; }, EventLoop::now() + kPatience);
  }

  bool is_quiet() {
    const int before = calls;
    return !loop.run_until([&] { return calls > before; }, EventLoop::now() + 3 * InterfaceMonitor::kCoalesce);
  }
  void settle() {
    while (!is_quiet()) continue;
  }

  EventLoop& loop;
  int calls = 0;
  Result<InterfaceMonitor> monitor;
};

TEST(InterfaceMonitor, OpensOrSaysWhyNot) {
  EventLoop loop;
  const auto monitor = InterfaceMonitor::open(loop, [] {});
  if (!monitor) {
    EXPECT_THAT(monitor.error().message, testing::HasSubstr("netlink"));
  }
}

TEST(InterfaceMonitor, HearsOfLinksAddressesAndDefaultRoutes) {
  const std::string obstacle = in_network_namespace([] {
    EventLoop loop;
    Watched watched(loop);
    ASSERT_TRUE(watched.monitor) << watched.monitor.error().message;
    EXPECT_TRUE(watched.hears_of("ip link set lo up"));
    EXPECT_TRUE(watched.hears_of("ip address add 192.0.2.7/24 dev lo"));
    const auto interfaces = list_interfaces();
    ASSERT_TRUE(interfaces);
    EXPECT_THAT(interfaces->front().addresses, testing::Contains(IpAddress::v4({192, 0, 2, 7})));
    EXPECT_TRUE(watched.hears_of("ip address add 2001:db8::7/64 dev lo nodad"));
    EXPECT_TRUE(watched.hears_of("ip route add default via 192.0.2.7"));
    EXPECT_TRUE(watched.hears_of("ip address del 192.0.2.7/24 dev lo"));
    EXPECT_TRUE(watched.hears_of("ip link set lo down"));
  });
  if (!obstacle.empty()) GTEST_SKIP() << obstacle;
}

TEST(InterfaceMonitor, ManyChangesAtOnceAreOneCallAndOtherRoutesAreNone) {
  const std::string obstacle = in_network_namespace([] {
    ASSERT_TRUE(run("ip link set lo up && ip address add 192.0.2.7/24 dev lo"));
    EventLoop loop;
    Watched watched(loop);
    ASSERT_TRUE(watched.monitor) << watched.monitor.error().message;
    watched.settle();  // what IPv6 does by itself when a link comes up
    ASSERT_TRUE(run("for i in 1 2 3 4 5 6 7 8; do ip route add 198.51.100.$i/32 via 192.0.2.7; done"));
    EXPECT_TRUE(watched.is_quiet());
    // All of them have happened before the loop turns.
    EXPECT_TRUE(watched.hears_of("for i in 1 2 3 4 5 6 7 8; do ip address add 192.0.2.10$i/24 dev lo; done"));
    EXPECT_TRUE(watched.is_quiet());
  });
  if (!obstacle.empty()) GTEST_SKIP() << obstacle;
}

TEST(InterfaceMonitor, MayBeDestroyedInItsCallbackAndThenStaysSilent) {
  const std::string obstacle = in_network_namespace([] {
    EventLoop loop;
    int calls = 0;
    std::optional<InterfaceMonitor> monitor;
    monitor.emplace(*InterfaceMonitor::open(loop, [&, held = std::string(100, 'x')] {
      ++calls;
      monitor.reset();
      EXPECT_EQ(held.size(), 100U);
    }));
    ASSERT_TRUE(run("ip link set lo up"));
    EXPECT_TRUE(loop.run_until([&] { return calls == 1; }, EventLoop::now() + kPatience));
    ASSERT_TRUE(run("ip link set lo down"));
    EXPECT_FALSE(loop.run_until([&] { return calls > 1; }, EventLoop::now() + 2 * InterfaceMonitor::kCoalesce));
  });
  if (!obstacle.empty()) GTEST_SKIP() << obstacle;
}

}  // namespace
}  // namespace tidewire::io
