// Data channels find out how large the path's packets may be, and live with it when that changes.
#include <gtest/gtest.h>

#include "places.h"

namespace tidewire::scenario {
namespace {

constexpr std::uint64_t kBase = 1188;
constexpr std::uint64_t kEthernet = 1428;

// What one side can see of it: a transfer to the other one that never ends.
struct Transfer {
  explicit Transfer(const CallOptions& options) : call(options) {}

  void begin() {
    call.click();
    ASSERT_TRUE(call.run_until_established()) << call.describe();
    feed();
  }
  std::uint64_t mtu() const { return call.alice.session.stats(call.now()).sctp_transport->mtu; }
  std::size_t arrived() const { return call.bob.channel_log.size(); }
  bool moves_on(Duration limit) {
    const std::size_t before = arrived();
    return call.run_until([&] { return arrived() >= before + 20; }, limit);
  }
  void set_mtu(std::size_t mtu) {
    for (const sim::HostId host : {call.alice_host, call.bob_host}) {
      call.simulation.network().up(host).config().mtu = mtu;
      call.simulation.network().down(host).config().mtu = mtu;
    }
  }
  sim::LinkStats up() { return call.simulation.network().up(call.alice_host).stats(); }

  SimulatedCall call;

 private:
  void feed() {
    while (call.alice.session.buffered_amount(call.channel) < 200'000 &&
           call.alice.session.send_binary(call.channel, Bytes(20'000), call.now())) {
    }
    call.simulation.after(10ms, [this] { feed(); });
  }
};

CallOptions options(std::size_t mtu) {
  return {.link = {.bits_per_second = 20'000'000, .delay = 10ms, .mtu = mtu}, .media = false};
}

TEST(PathMtu, AnEthernetPathIsUsedInFull) {
  Transfer transfer(options(1500));
  ASSERT_NO_FATAL_FAILURE(transfer.begin());
  EXPECT_EQ(transfer.mtu(), kBase);
  transfer.call.simulation.run_for(2s);
  EXPECT_EQ(transfer.mtu(), kEthernet);
  EXPECT_EQ(transfer.up().too_long, 0U);
}

TEST(PathMtu, Ipv6LeavesTwentyBytesLess) {
  CallOptions v6 = options(1500);
  v6.alice.addresses = {ip("2001:db8::1")};
  v6.bob.addresses = {ip("2001:db8::2")};
  Transfer transfer(v6);
  ASSERT_NO_FATAL_FAILURE(transfer.begin());
  transfer.call.simulation.run_for(10s);
  EXPECT_EQ(transfer.mtu(), kEthernet - 20);
}

TEST(PathMtu, TheSmallestPathIsUsedAsBefore) {
  CallOptions v6 = options(1280);
  v6.alice.addresses = {ip("2001:db8::1")};
  v6.bob.addresses = {ip("2001:db8::2")};
  v6.media = true;
  Transfer transfer(v6);
  ASSERT_NO_FATAL_FAILURE(transfer.begin());
  transfer.call.simulation.run_for(30s);
  EXPECT_EQ(transfer.mtu(), kBase);
  // Nothing but the probes is longer, in handshakes and media neither.
  EXPECT_LE(transfer.up().too_long, 20U);
  EXPECT_EQ(transfer.up().fragmented, 0U);
  EXPECT_TRUE(transfer.call.media_flows(1s));
}

TEST(PathMtu, ATransferGoesOnWhenThePathShrinks) {
  Transfer transfer(options(1500));
  ASSERT_NO_FATAL_FAILURE(transfer.begin());
  transfer.call.simulation.run_for(3s);
  ASSERT_EQ(transfer.mtu(), kEthernet);
  transfer.set_mtu(1280);
  EXPECT_TRUE(transfer.moves_on(5s));
  EXPECT_EQ(transfer.mtu(), kBase);
  EXPECT_GT(transfer.up().fragmented, 0U) << "what was cut before";
  transfer.call.simulation.run_for(20s);
  const std::uint64_t fragmented = transfer.up().fragmented;
  EXPECT_TRUE(transfer.moves_on(1s));
  EXPECT_EQ(transfer.up().fragmented, fragmented);
}

TEST(PathMtu, ANewPathBeginsAtTheBase) {
  CallOptions two = options(1500);
  // Its own link is a poor one, too.
  two.alice.more_interfaces = {{.name = "cellular",
                                .addresses = {ip("198.51.100.77")},
                                .up = {.delay = 10ms, .mtu = 1280},
                                .down = {.delay = 10ms, .mtu = 1280},
                                .nat = {}}};
  Transfer transfer(two);
  ASSERT_NO_FATAL_FAILURE(transfer.begin());
  transfer.call.simulation.run_for(3s);
  ASSERT_EQ(transfer.mtu(), kEthernet);
  const std::uint64_t changes =
      transfer.call.alice.session.stats(transfer.call.now()).transport.selected_candidate_pair_changes;
  transfer.call.simulation.take_down(transfer.call.alice_host, 0);
  ASSERT_TRUE(transfer.call.run_until([&] {
    return transfer.call.alice.session.stats(transfer.call.now()).transport.selected_candidate_pair_changes > changes;
  }));
  EXPECT_EQ(transfer.mtu(), kBase);
  EXPECT_TRUE(transfer.moves_on(5s));
  transfer.call.simulation.run_for(20s);
  EXPECT_LE(transfer.mtu(), 1280U - 20 - 8 - 37);
}

// All that is on its way when a relay takes over fits the relay's channels, too.
TEST(PathMtu, ARelayTakesOver) {
  CallOptions relay = options(1500);
  relay.turn_server = true;
  Transfer transfer(relay);
  ASSERT_NO_FATAL_FAILURE(transfer.begin());
  transfer.call.simulation.run_for(3s);
  ASSERT_EQ(transfer.mtu(), kEthernet);
  ASSERT_FALSE(transfer.call.alice.is_relayed());
  // The two cannot reach each other any more.
  for (const sim::HostId host : {transfer.call.alice_host, transfer.call.bob_host}) {
    sim::Firewall& firewall = transfer.call.simulation.network().firewall(host);
    firewall.config() = sim::FirewallConfig::udp_only_to(RelayServer::kPort);
    firewall.restart();
  }
  ASSERT_TRUE(transfer.call.run_until([&] { return transfer.call.alice.is_relayed(); }));
  EXPECT_EQ(transfer.mtu(), kBase);
  EXPECT_TRUE(transfer.moves_on(5s));
  transfer.call.simulation.run_for(10s);
  EXPECT_EQ(transfer.mtu(), kEthernet);
}

}  // namespace
}  // namespace tidewire::scenario
