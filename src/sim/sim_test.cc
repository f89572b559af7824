#include <gtest/gtest.h>

#include "sim/simulation.h"

namespace tidewire::sim {
namespace {

using namespace std::chrono_literals;

SocketAddress address(const char* text) { return *SocketAddress::parse(text); }

// Sends what it is told to and remembers what it got.
class Box final : public Endpoint {
 public:
  void handle_input(Datagram datagram, Timestamp now) override {
    received.push_back(std::move(datagram));
    arrivals.push_back(now);
  }
  void handle_timeout(Timestamp) override {}
  std::optional<Datagram> poll_transmit(Timestamp) override {
    if (outbox.empty()) return std::nullopt;
    Datagram datagram = std::move(outbox.front());
    outbox.erase(outbox.begin());
    return datagram;
  }
  void handle_events(Timestamp) override {}
  Timestamp next_timeout() const override { return kNever; }

  std::vector<Datagram> outbox;
  std::vector<Datagram> received;
  std::vector<Timestamp> arrivals;
};

struct Pair {
  explicit Pair(const LinkConfig& up, std::optional<NatConfig> nat = std::nullopt) : simulation(7) {
    Network& network = simulation.network();
    std::optional<std::size_t> nat_id;
    if (nat) nat_id = network.add_nat(*nat);
    const HostId left = network.add_host({"left", {address("10.0.0.2:0").ip}, up, {}, nat_id});
    const HostId right = network.add_host({"right", {address("198.51.100.2:0").ip}, {}, {}, std::nullopt});
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

TEST(Nat, LetsInOnlyWhatWasAskedFor) {
  const NatConfig nat{.external = address("203.0.113.1:0").ip};
  Pair pair({}, nat);
  pair.send(pair.a, "10.0.0.2:1000", address("198.51.100.2:2000"));
  pair.simulation.run_for(1s);
  ASSERT_EQ(pair.b.received.size(), 1U);
  const SocketAddress outside = pair.b.received[0].remote;
  EXPECT_EQ(outside.ip.to_string(), "203.0.113.1");

  pair.send(pair.b, "198.51.100.2:2000", outside);
  pair.send(pair.b, "198.51.100.2:2001", outside);  // a port that the inside never sent to
  pair.send(pair.b, "198.51.100.2:2000", address("10.0.0.2:1000"));
  pair.simulation.run_for(1s);
  ASSERT_EQ(pair.a.received.size(), 1U);
  EXPECT_EQ(pair.a.received[0].local, address("10.0.0.2:1000"));
}

TEST(Nat, SymmetricMappingGivesEachRemoteItsOwnPort) {
  Nat symmetric({.mapping = NatBehaviour::kAddressAndPortDependent, .external = address("203.0.113.1:0").ip});
  Nat cone({.mapping = NatBehaviour::kEndpointIndependent, .external = address("203.0.113.1:0").ip});
  const SocketAddress inside = address("10.0.0.2:1000");
  const Timestamp now{1h};
  EXPECT_NE(symmetric.outbound(inside, address("1.1.1.1:1"), now),
            symmetric.outbound(inside, address("1.1.1.1:2"), now));
  EXPECT_EQ(cone.outbound(inside, address("1.1.1.1:1"), now), cone.outbound(inside, address("1.1.1.1:2"), now));
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
