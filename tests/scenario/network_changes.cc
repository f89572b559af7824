// The network changes in mid-call: interfaces go and come, NATs forget.
#include <gtest/gtest.h>

#include "places.h"

namespace tidewire::scenario {
namespace {

// From a change to pictures on both sides.
constexpr Duration kLimit = 2s;
// Afterwards nothing is to go wrong when the old path is given up.
constexpr Duration kSettle = 8s;

sim::InterfaceConfig cellular(std::string_view address) {
  return {.name = "cellular", .addresses = {ip(address)}, .up = {.delay = 10ms}, .down = {.delay = 10ms}, .nat = {}};
}

void establish(SimulatedCall& call) {
  call.click();
  ASSERT_TRUE(call.run_until_established()) << call.describe();
  ASSERT_TRUE(call.media_flows(5s));
  call.simulation.run_for(3s);
}

TEST(NetworkChanges, ASecondInterfaceTakesOver) {
  for (const bool alice_moves : {true, false}) {
    for (const bool other_has_nat : {false, true}) {
      SideOptions mover{.more_interfaces = {cellular("198.51.100.77")}};
      SideOptions other;
      if (other_has_nat) other.nats = {home_nat("203.0.113.2")};
      SimulatedCall call(
          {.alice = alice_moves ? mover : other, .bob = alice_moves ? other : mover, .stun_server = true});
      ASSERT_NO_FATAL_FAILURE(establish(call));
      const Timestamp lost = call.now();
      call.simulation.take_down(alice_moves ? call.alice_host : call.bob_host, 0);
      EXPECT_TRUE(call.media_flows(kLimit)) << call.describe();
      RecordProperty("recovered_after_ms", static_cast<int>((call.now() - lost) / 1ms));
      call.simulation.run_for(kSettle);
      EXPECT_EQ(call.alice.state(), PeerConnectionState::kConnected);
      EXPECT_EQ(call.bob.state(), PeerConnectionState::kConnected);
    }
  }
}

TEST(NetworkChanges, TheBetterInterfaceIsTakenAgainWhenItIsBack) {
  SimulatedCall call({.alice = {.more_interfaces = {cellular("198.51.100.77")}}});
  ASSERT_NO_FATAL_FAILURE(establish(call));
  call.simulation.take_down(call.alice_host, 0);
  ASSERT_TRUE(call.media_flows(kLimit));
  call.simulation.bring_up(call.alice_host, 0);
  call.simulation.run_for(3s);
  EXPECT_TRUE(call.media_flows(1s));
  EXPECT_EQ(call.alice.state(), PeerConnectionState::kConnected);
}

TEST(NetworkChanges, ANewInterfaceReplacesTheOldOne) {
  for (const bool alice_moves : {true, false}) {
    for (const bool other_has_nat : {false, true}) {
      SideOptions other;
      if (other_has_nat) other.nats = {home_nat("203.0.113.2")};
      SimulatedCall call({.alice = alice_moves ? SideOptions{} : other,
                          .bob = alice_moves ? other : SideOptions{},
                          .stun_server = true});
      ASSERT_NO_FATAL_FAILURE(establish(call));
      const sim::HostId host = alice_moves ? call.alice_host : call.bob_host;
      call.simulation.take_down(host, 0);
      call.simulation.run_for(500ms);
      call.simulation.add_interface(host, cellular("198.51.100.77"));
      EXPECT_TRUE(call.media_flows(kLimit)) << call.describe();
      call.simulation.run_for(kSettle);
      EXPECT_EQ(call.alice.state(), PeerConnectionState::kConnected);
      EXPECT_EQ(call.bob.state(), PeerConnectionState::kConnected);
    }
  }
}

TEST(NetworkChanges, ARelayedCallMovesToTheOtherInterfaceToo) {
  CallOptions options{.alice = {.firewall = sim::FirewallConfig::without_udp(),
                                .more_interfaces = {cellular("198.51.100.77")},
                                .peer = {.turn_servers = {RelayServer::at("192.0.2.1", TurnTransport::kTcp)}}},
                      .stun_server = true};
  options.alice.more_interfaces.front().firewall = sim::FirewallConfig::without_udp();
  SimulatedCall call(options);
  ASSERT_NO_FATAL_FAILURE(establish(call));
  ASSERT_TRUE(call.alice.is_relayed());
  call.simulation.take_down(call.alice_host, 0);
  EXPECT_TRUE(call.media_flows(kLimit)) << call.describe();
}

TEST(NetworkChanges, ANatForgetsAndThePeerIsPublic) {
  for (const bool alice_has_nat : {true, false}) {
    const SideOptions home = behind(home_nat("203.0.113.1"));
    SimulatedCall call({.alice = alice_has_nat ? home : SideOptions{}, .bob = alice_has_nat ? SideOptions{} : home});
    ASSERT_NO_FATAL_FAILURE(establish(call));
    call.simulation.network().nat(*(alice_has_nat ? call.alice_nat : call.bob_nat)).rebind();
    EXPECT_TRUE(call.media_flows(kLimit)) << call.describe();
    call.simulation.run_for(kSettle);
    EXPECT_EQ(call.alice.state(), PeerConnectionState::kConnected);
    EXPECT_EQ(call.bob.state(), PeerConnectionState::kConnected);
  }
}

TEST(NetworkChanges, ANatForgetsAndThePeerIsBehindOneToo) {
  for (const bool alices : {true, false}) {
    SimulatedCall call(
        {.alice = behind(home_nat("203.0.113.1")), .bob = behind(home_nat("203.0.113.2")), .stun_server = true});
    ASSERT_NO_FATAL_FAILURE(establish(call));
    call.simulation.network().nat(*(alices ? call.alice_nat : call.bob_nat)).rebind();
    EXPECT_TRUE(call.media_flows(kLimit)) << call.describe();
    call.simulation.run_for(kSettle);
    EXPECT_EQ(call.alice.state(), PeerConnectionState::kConnected);
    EXPECT_EQ(call.bob.state(), PeerConnectionState::kConnected);
  }
}

TEST(NetworkChanges, ANatComesBackWithAnotherAddress) {
  SimulatedCall call(
      {.alice = behind(home_nat("203.0.113.1")), .bob = behind(home_nat("203.0.113.2")), .stun_server = true});
  ASSERT_NO_FATAL_FAILURE(establish(call));
  call.simulation.network().rebind(*call.alice_nat, ip("203.0.113.50"));
  EXPECT_TRUE(call.media_flows(kLimit)) << call.describe();
}

TEST(NetworkChanges, ANatForgetsBetweenAPeerAndItsRelay) {
  CallOptions options = only_a_relay_helps({RelayServer::at()});
  options.media = true;
  SimulatedCall call(options);
  ASSERT_NO_FATAL_FAILURE(establish(call));
  call.simulation.network().nat(*call.alice_nat).rebind();
  // A second to miss the server, and then a new allocation.
  EXPECT_TRUE(call.media_flows(kLimit + 1s)) << call.describe();
}

}  // namespace
}  // namespace tidewire::scenario
