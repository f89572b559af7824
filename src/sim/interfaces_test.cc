// Hosts with several interfaces, and interfaces that come and go.
#include <gtest/gtest.h>

#include "sim/box_for_test.h"

namespace tidewire::sim {
namespace {

using namespace std::chrono_literals;

const SocketAddress kServer = address("198.51.100.1:9");

// Wi-Fi behind a home router, and a mobile network behind another NAT.
struct Phone : World {
  Phone() {
    server = add("198.51.100.1");
    HostConfig config{
        "wifi", {ip("192.168.1.2")}, {.delay = 10ms}, {}, network.add_nat({.external = ip("203.0.113.1")})};
    config.more_interfaces.push_back(
        {"mobile", {ip("10.1.1.2")}, {.delay = 80ms}, {}, network.add_nat({.external = ip("203.0.113.2")})});
    phone = add(config);
  }
  HostId server = 0;
  HostId phone = 0;
};

TEST(Interfaces, TheLocalAddressChoosesTheOne) {
  Phone world;
  const Timestamp sent = world.simulation.now();
  EXPECT_EQ(world.source_seen(world.phone, "192.168.1.2:1", world.server, kServer)->ip, ip("203.0.113.1"));
  EXPECT_EQ(world.source_seen(world.phone, "10.1.1.2:1", world.server, kServer)->ip, ip("203.0.113.2"));
  EXPECT_EQ(world.box(world.server).arrivals[0] - sent, 10ms);
  EXPECT_EQ(world.box(world.server).arrivals[1] - sent, 580ms);
  EXPECT_EQ(world.network.up(world.phone, 1).stats().delivered, 1U);
  EXPECT_FALSE(world.source_seen(world.phone, "192.168.1.3:1", world.server, kServer)) << "not its address";
}

TEST(Interfaces, CarryNothingWhileTheyAreDown) {
  Phone world;
  const auto wifi = world.source_seen(world.phone, "192.168.1.2:1", world.server, kServer);
  ASSERT_TRUE(wifi);
  world.simulation.take_down(world.phone, 0);
  EXPECT_EQ(world.network.addresses(world.phone), std::vector{ip("10.1.1.2")});
  EXPECT_FALSE(world.source_seen(world.phone, "192.168.1.2:1", world.server, kServer));
  EXPECT_FALSE(world.source_seen(world.server, "198.51.100.1:9", world.phone, *wifi));
  EXPECT_EQ(world.source_seen(world.phone, "0.0.0.0:1", world.server, kServer)->ip, ip("203.0.113.2"));

  world.simulation.bring_up(world.phone, 0);
  EXPECT_EQ(world.network.addresses(world.phone), (std::vector{ip("192.168.1.2"), ip("10.1.1.2")}));
  EXPECT_EQ(world.source_seen(world.phone, "192.168.1.2:1", world.server, kServer), wifi);
  EXPECT_EQ(world.box(world.phone).changes, 2);
}

TEST(Interfaces, WhatIsOnItsWayIsLostWhenItsInterfaceGoes) {
  Phone world;
  const auto mobile = world.source_seen(world.phone, "10.1.1.2:1", world.server, kServer);
  world.network.down(world.phone, 1).config().delay = 100ms;
  world.send(world.server, "198.51.100.1:9", *mobile);
  world.simulation.run_for(50ms);
  world.simulation.take_down(world.phone, 1);
  world.simulation.run_for(1s);
  EXPECT_TRUE(world.box(world.phone).received.empty());
}

TEST(Interfaces, AddressesComeAndGo) {
  Phone world;
  EXPECT_FALSE(world.source_seen(world.phone, "192.168.1.7:1", world.server, kServer));
  world.simulation.add_address(world.phone, 0, ip("192.168.1.7"));
  const auto seen = world.source_seen(world.phone, "192.168.1.7:1", world.server, kServer);
  ASSERT_TRUE(seen);
  EXPECT_TRUE(world.source_seen(world.server, "198.51.100.1:9", world.phone, *seen));
  world.simulation.remove_address(world.phone, 0, ip("192.168.1.7"));
  EXPECT_FALSE(world.source_seen(world.server, "198.51.100.1:9", world.phone, *seen));
  EXPECT_EQ(world.box(world.phone).changes, 2);

  const InterfaceId cable = world.simulation.add_interface(world.phone, {"cable", {ip("198.51.100.5")}, {}, {}, {}});
  EXPECT_EQ(cable, 2U);
  EXPECT_EQ(world.box(world.phone).changes, 3);
  EXPECT_EQ(world.source_seen(world.phone, "198.51.100.5:1", world.server, kServer), address("198.51.100.5:1"));
}

TEST(Interfaces, OnlyTheStreamsOfTheOneThatGoesClose) {
  Phone world;
  world.network.streams().listen(world.server, kServer, false);
  world.box(world.phone).requests.push_back({.id = StreamId{1}, .local = address("192.168.1.2:0"), .remote = kServer});
  world.box(world.phone).requests.push_back({.id = StreamId{2}, .local = address("10.1.1.2:0"), .remote = kServer});
  world.simulation.run_for(1s);
  ASSERT_EQ(world.box(world.phone).opened.size(), 2U);
  world.simulation.take_down(world.phone, 0);
  world.send(world.phone, StreamId{2}, "by mobile");
  world.simulation.run_for(1s);
  ASSERT_EQ(world.box(world.phone).closed.size(), 1U);
  EXPECT_EQ(world.box(world.phone).closed[0].stream, StreamId{1});
  EXPECT_EQ(world.box(world.server).received.size(), 1U);
}

}  // namespace
}  // namespace tidewire::sim
