#include "io/interfaces.h"

#include <gmock/gmock.h>

namespace tidewire::io {
namespace {

using testing::ElementsAre;

NetworkInterface make(std::string name, InterfaceKind kind, std::initializer_list<const char*> addresses) {
  NetworkInterface interface;
  interface.name = std::move(name);
  interface.kind = kind;
  interface.up = true;
  for (const char* address : addresses) interface.addresses.push_back(*IpAddress::parse(address));
  return interface;
}

std::vector<std::string> texts(const std::vector<HostAddress>& addresses) {
  std::vector<std::string> texts;
  for (const HostAddress& address : addresses) texts.push_back(address.ip.to_string());
  return texts;
}

TEST(Interfaces, ListsAtLeastTheLoopbackInterface) {
  const auto interfaces = list_interfaces();
  ASSERT_TRUE(interfaces);
  bool found = false;
  for (const NetworkInterface& interface : *interfaces) {
    if (interface.kind != InterfaceKind::kLoopback) continue;
    found = true;
    EXPECT_NE(interface.index, 0U);
    EXPECT_THAT(interface.addresses, testing::Contains(*IpAddress::parse("127.0.0.1")));
  }
  EXPECT_TRUE(found);
}

TEST(Interfaces, TellTheLargestPacketThatTheySend) {
  EXPECT_GE(interface_mtu("lo").value_or(0), 1280U);
  EXPECT_EQ(interface_mtu("no-such-one"), std::nullopt);
  EXPECT_EQ(interface_mtu(""), std::nullopt);
  EXPECT_EQ(interface_mtu(std::string(100, 'x')), std::nullopt);
}

TEST(Interfaces, PhysicalOnesComeFirstAndContainerBridgesLast) {
  const std::vector<NetworkInterface> interfaces = {
      make("lo", InterfaceKind::kLoopback, {"127.0.0.1", "::1"}),
      make("docker0", InterfaceKind::kBridge, {"172.17.0.1"}),
      make("wg0", InterfaceKind::kTunnel, {"10.9.0.2"}),
      make("eth0", InterfaceKind::kPhysical, {"192.0.2.2", "2001:db8::2", "fe80::1"}),
  };
  EXPECT_THAT(texts(ice_host_addresses(interfaces, false)),
              ElementsAre("192.0.2.2", "2001:db8::2", "10.9.0.2", "172.17.0.1"));
  EXPECT_THAT(texts(ice_host_addresses(interfaces, true)),
              ElementsAre("192.0.2.2", "2001:db8::2", "10.9.0.2", "172.17.0.1", "127.0.0.1", "::1"));
}

TEST(Interfaces, LoopbackServesWhenThereIsNothingElse) {
  std::vector<NetworkInterface> interfaces = {make("lo", InterfaceKind::kLoopback, {"127.0.0.1", "::1"}),
                                              make("eth0", InterfaceKind::kPhysical, {"192.0.2.2"})};
  interfaces[1].up = false;
  EXPECT_THAT(texts(ice_host_addresses(interfaces, false)), ElementsAre("127.0.0.1", "::1"));
}

TEST(Interfaces, AnOrdinaryAddressOnTheLoopbackInterfaceCounts) {
  const std::vector<NetworkInterface> interfaces = {make("lo", InterfaceKind::kLoopback, {"127.0.0.1", "10.98.0.1"})};
  EXPECT_THAT(texts(ice_host_addresses(interfaces, false)), ElementsAre("10.98.0.1"));
}

}  // namespace
}  // namespace tidewire::io
