// One allocation for peers of IPv4 and IPv6 (RFC 8656 §7.1: ADDITIONAL-ADDRESS-FAMILY).
#include <gtest/gtest.h>

#include <span>

#include "turn/scripted_server_for_test.h"

namespace tidewire::turn {
namespace {

using namespace std::chrono_literals;
using stun::AttributeType;
using stun::Method;

const SocketAddress kRelayedV6 = address("[2001:db8::1]:50001");
const SocketAddress kPeer = address("203.0.113.50:7000");
const SocketAddress kPeerV6 = address("[2001:db8:7::7]:7000");

ClientConfig wants_both() {
  ClientConfig config = ClientPair::default_config();
  config.family = RelayedFamily::kBoth;
  return config;
}

bool asks_for_both(const ScriptedServer::Seen& seen) {
  const auto message = stun::MessageView::parse(seen.bytes);
  const auto by_the_rfc = message->find_u32(AttributeType::kAdditionalAddressFamily);
  const auto by_the_draft = message->find_u32(AttributeType{0x8032});
  EXPECT_EQ(by_the_rfc, by_the_draft);
  return by_the_rfc == 0x02000000U;
}

TEST(TurnFamilies, AreAskedForTogether) {
  ClientPair pair(wants_both());
  pair.server.relayed_v6 = kRelayedV6;
  pair.allocate();
  for (const auto& seen : pair.server.seen) {
    EXPECT_TRUE(asks_for_both(seen));
    EXPECT_FALSE(stun::MessageView::parse(seen.bytes)->has(AttributeType::kRequestedAddressFamily));
  }
  const auto* allocated = pair.last<event::Allocated>();
  ASSERT_NE(allocated, nullptr);
  EXPECT_EQ(allocated->relayed, pair.server.relayed);
  EXPECT_EQ(allocated->relayed_v6, kRelayedV6);
  EXPECT_EQ(pair.client.relayed_address(), pair.server.relayed);
  EXPECT_EQ(pair.client.relayed_v6_address(), kRelayedV6);
}

TEST(TurnFamilies, AreNotAskedForTogetherWhenOneIsWanted) {
  for (const RelayedFamily family : {RelayedFamily::kIpv4, RelayedFamily::kIpv6}) {
    ClientConfig config = ClientPair::default_config();
    config.family = family;
    ClientPair pair(config);
    if (family == RelayedFamily::kIpv6) pair.server.relayed = kRelayedV6;
    pair.allocate();
    for (const auto& seen : pair.server.seen) EXPECT_FALSE(asks_for_both(seen));
    EXPECT_FALSE(pair.client.relayed_v6_address());
  }
}

TEST(TurnFamilies, ReachPeersOfBothAndEachComesInAtItsOwnAddress) {
  ClientPair pair(wants_both());
  pair.server.relayed_v6 = kRelayedV6;
  // One that was known before the allocation, and one after.
  pair.client.allow(kPeerV6, pair.now);
  pair.allocate();
  pair.client.allow(kPeer, pair.now);
  pair.run_for(1s);
  for (const SocketAddress& peer : {kPeer, kPeerV6}) {
    pair.send("ping", peer);
    ASSERT_FALSE(pair.server.to_peers.empty());
    EXPECT_EQ(pair.server.to_peers.back().peer, peer);
    EXPECT_TRUE(pair.server.to_peers.back().by_channel);
    for (const bool by_channel : {false, true}) {
      const auto data = pair.receive("pong", peer, by_channel);
      ASSERT_TRUE(data);
      EXPECT_EQ(data->remote, peer);
      EXPECT_EQ(data->local, peer == kPeerV6 ? kRelayedV6 : pair.server.relayed);
    }
  }
}

TEST(TurnFamilies, CostNoNewBuffers) {
  ClientPair pair(wants_both());
  pair.server.relayed_v6 = kRelayedV6;
  pair.allocate();
  for (const SocketAddress& peer : {kPeer, kPeerV6}) pair.client.allow(peer, pair.now);
  pair.settle();
  const auto exchange = [&] {
    for (const SocketAddress& peer : {kPeer, kPeerV6}) {
      ASSERT_TRUE(pair.client.wrap(pair.pool.copy_of(as_bytes("ping")), peer, pair.now));
      ASSERT_TRUE(pair.receive("pong", peer, true));
    }
  };
  exchange();
  const std::uint64_t before = pair.pool.allocations();
  for (int i = 0; i < 500; ++i) exchange();
  EXPECT_EQ(pair.pool.allocations(), before);
}

TEST(TurnFamilies, APeerOfTheOneThatIsMissingIsDropped) {
  for (const bool v6_alone : {false, true}) {
    ClientPair pair(wants_both());
    if (v6_alone) pair.server.relayed = kRelayedV6;
    const SocketAddress reachable = v6_alone ? kPeerV6 : kPeer;
    const SocketAddress unreachable = v6_alone ? kPeer : kPeerV6;
    for (const SocketAddress& peer : {unreachable, reachable}) pair.client.allow(peer, pair.now);
    pair.allocate();
    EXPECT_EQ(pair.client.relayed_address(), pair.server.relayed);
    EXPECT_FALSE(pair.client.relayed_v6_address());
    pair.client.allow(unreachable, pair.now);
    pair.send("ping", unreachable);
    EXPECT_EQ(pair.client.stats().output_dropped, 1U);
    EXPECT_FALSE(pair.receive("pong", unreachable, false));
    pair.send("ping", reachable);
    EXPECT_EQ(pair.server.to_peers.size(), 1U);
    pair.run_for(20min);
    for (const auto& seen : pair.server.seen) {
      for (const SocketAddress& peer : seen.peers) EXPECT_EQ(peer.ip, reachable.ip);
    }
    EXPECT_EQ(pair.events.size(), 1U);
  }
}

TEST(TurnFamilies, AreRefreshedAndGivenBackTogether) {
  ClientPair pair(wants_both());
  pair.server.relayed_v6 = kRelayedV6;
  pair.allocate();
  pair.run_for(1h);
  EXPECT_EQ(pair.client.state(), ClientState::kAllocated);
  pair.client.close(pair.now);
  pair.settle();
  EXPECT_FALSE(pair.server.allocated);
  EXPECT_FALSE(pair.client.relayed_v6_address());
  ASSERT_GE(pair.server.count(Method::kRefresh), 2U);
  for (const auto& seen : pair.server.seen) {
    if (seen.method != Method::kRefresh) continue;
    // RFC 8656 §8.1: a family would make it a matter of that one alone.
    EXPECT_FALSE(stun::MessageView::parse(seen.bytes)->has(AttributeType::kRequestedAddressFamily));
    EXPECT_FALSE(asks_for_both(seen));
  }
}

TEST(TurnFamilies, AServerThatRefusesTheQuestionIsAskedForOne) {
  for (const int code : {400, 420, 440, 442}) {
    ClientPair pair(wants_both());
    pair.server.both_refused = code;
    pair.client.allow(kPeerV6, pair.now);
    pair.client.allow(kPeer, pair.now);
    pair.allocate();
    ASSERT_EQ(pair.server.count(Method::kAllocate), 3U) << code;
    const auto allocates = std::span(pair.server.seen).first(3);
    EXPECT_TRUE(asks_for_both(allocates[1]));
    EXPECT_FALSE(asks_for_both(allocates[2]));
    EXPECT_NE(allocates[1].id, allocates[2].id);
    ASSERT_EQ(pair.events.size(), 1U) << code;
    EXPECT_EQ(pair.client.relayed_address(), pair.server.relayed);
    EXPECT_FALSE(pair.client.relayed_v6_address());
    pair.send("ping", kPeer);
    EXPECT_EQ(pair.server.to_peers.size(), 1U);
  }
}

TEST(TurnFamilies, ARefusalWithoutCredentialsIsAnsweredToo) {
  ClientPair pair(wants_both());
  pair.client.start(pair.now);
  const auto request = pair.client.poll_transmit();
  pair.deliver(pair.server.error(*stun::MessageView::parse(request->packet.bytes()), 400, false));
  pair.settle();
  EXPECT_EQ(pair.client.state(), ClientState::kAllocated);
  for (const auto& seen : pair.server.seen) EXPECT_FALSE(asks_for_both(seen));
}

TEST(TurnFamilies, ARefusalOfOneIsTheEnd) {
  for (const int code : {400, 420, 440, 442}) {
    ClientPair pair(wants_both());
    pair.server.errors[Method::kAllocate] = code;
    pair.client.start(pair.now);
    pair.run_for(2min);
    ASSERT_NE(pair.last<event::Failed>(), nullptr);
    EXPECT_EQ(pair.last<event::Failed>()->code, code);
    EXPECT_EQ(pair.server.count(Method::kAllocate), 3U) << code;
  }
}

TEST(TurnFamilies, ARefusalForOtherReasonsIsTheEndAtOnce) {
  for (const int code : {300, 403, 437, 441, 486, 500, 508}) {
    ClientPair pair(wants_both());
    pair.server.errors[Method::kAllocate] = code;
    pair.client.start(pair.now);
    pair.run_for(2min);
    ASSERT_NE(pair.last<event::Failed>(), nullptr);
    EXPECT_EQ(pair.server.count(Method::kAllocate), 2U) << code;
  }
}

TEST(TurnFamilies, AnAddressThatIsNoUseIsAsGoodAsNone) {
  // Some servers tell of an empty address where they have none.
  for (const auto* none : {"[2001:db8::1]:0", "[::]:50001", "0.0.0.0:0", "[::]:0"}) {
    for (const SocketAddress& only : {address("198.51.100.1:50000"), kRelayedV6}) {
      ClientPair pair(wants_both());
      pair.server.relayed = only;
      pair.server.relayed_v6 = address(none);
      pair.allocate();
      EXPECT_EQ(pair.client.relayed_address(), only) << none;
      EXPECT_FALSE(pair.client.relayed_v6_address()) << none;
    }
  }
}

TEST(TurnFamilies, AreGoneWhenTheServerForgetsThem) {
  ClientPair pair(wants_both());
  pair.server.relayed_v6 = kRelayedV6;
  pair.allocate();
  pair.server.allocated = false;
  pair.run_for(10min);
  ASSERT_NE(pair.last<event::Failed>(), nullptr);
  EXPECT_FALSE(pair.client.relayed_address());
  EXPECT_FALSE(pair.client.relayed_v6_address());
}

}  // namespace
}  // namespace tidewire::turn
