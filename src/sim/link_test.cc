#include <gtest/gtest.h>

#include "sim/box_for_test.h"

namespace tidewire::sim {
namespace {

using namespace std::chrono_literals;

struct Pair {
  explicit Pair(const LinkConfig& up) : simulation(7) {
    Network& network = simulation.network();
    const HostId left = network.add_host({"left", {ip("10.0.0.2")}, up, {}, std::nullopt});
    const HostId right = network.add_host({"right", {ip("198.51.100.2")}, {}, {}, std::nullopt});
    simulation.attach(left, a);
    simulation.attach(right, b);
  }
  void send(Box& from, const char* local, const SocketAddress& remote, std::size_t size = 100) {
    from.outbox.push_back({address(local), remote, simulation.network().pool().copy_of(Bytes(size))});
  }

  Simulation simulation;
  Box a;
  Box b;
};

TEST(Link, DelaysByBandwidthAndDistance) {
  Pair pair({.bits_per_second = 1'000'000, .delay = 20ms});
  const Timestamp start = pair.simulation.now();
  // 972 bytes and 28 of headers are 8 ms at 1 Mbit/s.
  for (int i = 0; i < 3; ++i) pair.send(pair.a, "10.0.0.2:1000", address("198.51.100.2:2000"), 972);
  pair.simulation.run_for(1s);
  ASSERT_EQ(pair.b.arrivals.size(), 3U);
  EXPECT_EQ(pair.b.arrivals[0] - start, 28ms);
  EXPECT_EQ(pair.b.arrivals[1] - start, 36ms);
  EXPECT_EQ(pair.b.arrivals[2] - start, 44ms);
}

TEST(Link, DropsWhatItsQueueCannotHold) {
  Pair pair({.bits_per_second = 1'000'000, .queue_bytes = 5000});
  for (int i = 0; i < 20; ++i) pair.send(pair.a, "10.0.0.2:1000", address("198.51.100.2:2000"), 972);
  pair.simulation.run_for(1s);
  EXPECT_EQ(pair.b.received.size(), 6U);
  EXPECT_EQ(pair.simulation.network().up(0).stats().overflowed, 14U);
}

TEST(Link, DropsWhatIsTooLongUnlessItMayGoInFragments) {
  Pair pair({.mtu = 1280});
  const auto send = [&](std::size_t size, Fragmentation fragmentation) {
    Packet packet = pair.simulation.network().pool().copy_of(Bytes(size));
    packet.set_fragmentation(fragmentation);
    pair.a.outbox.push_back({address("10.0.0.2:1000"), address("198.51.100.2:2000"), std::move(packet)});
  };
  send(1252, Fragmentation::kAsUsual);
  send(1253, Fragmentation::kAsUsual);
  send(1252, Fragmentation::kForbidden);
  send(1253, Fragmentation::kForbidden);
  send(1400, Fragmentation::kAllowed);
  pair.simulation.run_for(1s);
  ASSERT_EQ(pair.b.received.size(), 3U);
  EXPECT_EQ(pair.simulation.network().up(0).stats().too_long, 2U);
  EXPECT_EQ(pair.simulation.network().up(0).stats().fragmented, 1U);
}

TEST(Link, LosesAboutTheStatedShareAndRepeatsItself) {
  const auto received_with_seed = [] {
    Pair pair({.loss = 0.2, .duplicate = 0.1, .reorder = 0.1});
    for (int i = 0; i < 2000; ++i) pair.send(pair.a, "10.0.0.2:1000", address("198.51.100.2:2000"));
    pair.simulation.run_for(1s);
    EXPECT_NEAR(static_cast<double>(pair.simulation.network().up(0).stats().lost), 400, 60);
    return pair.b.received.size();
  };
  EXPECT_EQ(received_with_seed(), received_with_seed());
}

TEST(Simulation, RunsActionsInOrderOfTime) {
  Simulation simulation(1);
  std::string order;
  simulation.after(2s, [&] { order += "b"; });
  simulation.after(1s, [&] {
    order += "a";
    simulation.after(3s, [&] { order += "c"; });
  });
  EXPECT_TRUE(simulation.run_until([&] { return order == "abc"; }, 10s));
  EXPECT_EQ(simulation.now(), Timestamp{1h} + 4s);
}

}  // namespace
}  // namespace tidewire::sim
