#include "sim/nat.h"

#include <gtest/gtest.h>

#include <set>

#include "sim/box_for_test.h"

namespace tidewire::sim {
namespace {

using namespace std::chrono_literals;
using enum NatBehaviour;

constexpr Timestamp kStart{1h};
constexpr NatBehaviour kBehaviours[] = {kEndpointIndependent, kAddressDependent, kAddressAndPortDependent};

const SocketAddress kInside = address("10.0.0.2:1000");
const SocketAddress kX1 = address("198.51.100.1:1");
const SocketAddress kX2 = address("198.51.100.1:2");
const SocketAddress kY1 = address("198.51.100.2:1");

Nat nat(NatConfig config, std::uint64_t seed = 0) {
  if (config.external.is_unspecified()) config.external = ip("203.0.113.1");
  return Nat(config, seed);
}

// RFC 4787 §4.1 and §5, in all nine combinations.
TEST(Nat, MapsAndFiltersByWhatItsBehavioursLookAt) {
  for (const NatBehaviour mapping : kBehaviours) {
    for (const NatBehaviour filtering : kBehaviours) {
      SCOPED_TRACE(testing::Message() << "mapping " << static_cast<int>(mapping) << ", filtering "
                                      << static_cast<int>(filtering));
      Nat box = nat({.mapping = mapping, .filtering = filtering});
      const SocketAddress outside = box.outbound(kInside, kX1, kStart).value();
      EXPECT_EQ(outside.ip, ip("203.0.113.1"));
      EXPECT_EQ(box.inbound(outside, kX1, kStart), kInside);
      EXPECT_EQ(box.inbound(outside, kX2, kStart).has_value(), filtering != kAddressAndPortDependent);
      EXPECT_EQ(box.inbound(outside, kY1, kStart).has_value(), filtering == kEndpointIndependent);

      EXPECT_EQ(box.outbound(kInside, kX1, kStart), outside);
      EXPECT_EQ(box.outbound(kInside, kX2, kStart) == outside, mapping != kAddressAndPortDependent);
      EXPECT_EQ(box.outbound(kInside, kY1, kStart) == outside, mapping == kEndpointIndependent);
      EXPECT_NE(box.outbound(address("10.0.0.2:1001"), kX1, kStart), outside);
    }
  }
}

// RFC 4787 §4.3: only what comes from inside makes a mapping, and the permission to answer.
TEST(Nat, MakesNoMappingForWhatComesIn) {
  Nat box = nat({});
  const SocketAddress guessed = address("203.0.113.1:40000");
  EXPECT_FALSE(box.inbound(guessed, kX1, kStart));
  EXPECT_EQ(box.outbound(kInside, kY1, kStart), guessed);
  EXPECT_FALSE(box.inbound(guessed, kX1, kStart));
}

TEST(Nat, ForgetsAnIdleMappingAfterItsTime) {
  Nat box = nat({.timeout = 2min});
  const auto outside = box.outbound(kInside, kX1, kStart);
  EXPECT_TRUE(box.inbound(*outside, kX1, kStart + 2min));
  EXPECT_FALSE(box.inbound(*outside, kX1, kStart + 2min + 1ms));
  EXPECT_NE(box.outbound(kInside, kX1, kStart + 3min), outside);
}

TEST(Nat, RefreshesAMappingInTheDirectionsThatItIsToldTo) {
  for (const bool outbound : {false, true}) {
    for (const bool inbound : {false, true}) {
      Nat box = nat({.timeout = 60s, .outbound_refresh = outbound, .inbound_refresh = inbound});
      const SocketAddress outside = box.outbound(kInside, kX1, kStart).value();
      (void)box.outbound(kInside, kX1, kStart + 40s);
      EXPECT_EQ(box.inbound(outside, kX1, kStart + 90s).has_value(), outbound);
      EXPECT_EQ(box.inbound(outside, kX1, kStart + 140s).has_value(), outbound && inbound);
    }
  }
}

// RFC 4787 §4.2.1: REQ-3 forbids overloading.
TEST(Nat, PreservesThePortUnlessAnotherMappingHasIt) {
  Nat box = nat({.mapping = kAddressAndPortDependent, .ports = PortAssignment::kPreserving});
  EXPECT_EQ(box.outbound(kInside, kX1, kStart)->port, 1000);
  std::set<std::uint16_t> ports{1000};
  EXPECT_TRUE(ports.insert(box.outbound(kInside, kX2, kStart)->port).second);
  EXPECT_TRUE(ports.insert(box.outbound(address("10.0.0.3:1000"), kX1, kStart)->port).second);
  EXPECT_EQ(box.outbound(address("10.0.0.3:1001"), kX1, kStart)->port, 1001);
  // TCP has ports of its own.
  EXPECT_EQ(box.outbound(kInside, kX1, kStart, Protocol::kTcp)->port, 1000);
}

TEST(Nat, DrawsRandomPortsFromItsSeed) {
  const auto ports_with_seed = [](std::uint64_t seed) {
    Nat box = nat({.ports = PortAssignment::kRandom}, seed);
    std::vector<std::uint16_t> ports;
    for (std::uint16_t port = 1; port <= 100; ++port) {
      ports.push_back(box.outbound({kInside.ip, port}, kX1, kStart)->port);
    }
    return ports;
  };
  const auto ports = ports_with_seed(1);
  EXPECT_EQ(std::set(ports.begin(), ports.end()).size(), ports.size());
  EXPECT_EQ(ports, ports_with_seed(1));
  EXPECT_NE(ports, ports_with_seed(2));
}

TEST(Nat, HasNoMappingToGiveWhenAllPortsAreTaken) {
  Nat box = nat({.mapping = kAddressAndPortDependent});
  constexpr int kPorts = 65536 - 1024;
  for (int i = 0; i < kPorts; ++i) {
    const SocketAddress remote{kX1.ip, static_cast<std::uint16_t>(i)};
    ASSERT_TRUE(box.outbound(kInside, remote, kStart)) << i;
  }
  EXPECT_FALSE(box.outbound(kInside, kY1, kStart));
  EXPECT_TRUE(box.outbound(kInside, kY1, kStart + 3min));
}

// RFC 4787 §4.1, REQ-2.
TEST(Nat, KeepsAnInsideAddressToOneExternalAddressWhenPaired) {
  for (const bool paired : {true, false}) {
    Nat box = nat({.more_external = {ip("203.0.113.2")}, .paired_pooling = paired});
    const auto first = box.outbound(kInside, kX1, kStart);
    EXPECT_EQ(box.outbound({kInside.ip, 1001}, kX1, kStart)->ip == first->ip, paired);
    EXPECT_EQ(box.outbound(kInside, kX2, kStart), first);
  }
}

TEST(Nat, ForgetsAllWhenItReboots) {
  Nat box = nat({});
  const auto outside = box.outbound(kInside, kX1, kStart);
  box.rebind();
  EXPECT_FALSE(box.inbound(*outside, kX1, kStart));
  EXPECT_NE(box.outbound(kInside, kX1, kStart), outside);
  box.rebind(ip("203.0.113.9"));
  EXPECT_EQ(box.outbound(kInside, kX1, kStart)->ip, ip("203.0.113.9"));
}

}  // namespace
}  // namespace tidewire::sim
