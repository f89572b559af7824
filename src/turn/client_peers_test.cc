// Permissions, channels, and the data that they carry.
#include <gtest/gtest.h>

#include <algorithm>

#include "turn/scripted_server_for_test.h"

namespace tidewire::turn {
namespace {

using namespace std::chrono_literals;
using stun::Method;

const SocketAddress kPeer = address("203.0.113.50:7000");
const SocketAddress kSameHost = address("203.0.113.50:7001");
const SocketAddress kOther = address("203.0.113.51:7000");

SocketAddress nth_peer(std::size_t n) {
  return {IpAddress::v4({203, 0, 114, static_cast<std::uint8_t>(n % 250)}), static_cast<std::uint16_t>(1000 + n)};
}

TEST(TurnPeers, GetAChannelAtOnceAndWithItThePermission) {
  ClientPair pair;
  pair.allocate();
  pair.client.allow(kPeer, pair.now);
  pair.settle();
  EXPECT_EQ(pair.server.count(Method::kChannelBind), 1U);
  EXPECT_EQ(pair.server.count(Method::kCreatePermission), 0U);
  ASSERT_EQ(pair.server.channels.size(), 1U);
  EXPECT_EQ(pair.server.channels.begin()->second.peer, kPeer);
  EXPECT_EQ(pair.server.channels.begin()->first, 0x4000);
  pair.client.allow(kPeer, pair.now);  // no news
  pair.settle();
  EXPECT_EQ(pair.server.count(Method::kChannelBind), 1U);
}

TEST(TurnPeers, ThatAreKnownBeforehandAreAskedForWithTheAllocation) {
  ClientPair pair;
  pair.client.allow(kPeer, pair.now);
  pair.client.start(pair.now);
  pair.client.allow(kOther, pair.now);
  pair.settle();
  EXPECT_EQ(pair.server.channels.size(), 2U);
  EXPECT_EQ(pair.server.permissions.size(), 2U);
}

TEST(TurnPeers, OfOneHostHaveAChannelEachAndOnePermission) {
  ClientPair pair;
  pair.allocate();
  pair.client.allow(kPeer, pair.now);
  pair.client.allow(kSameHost, pair.now);
  pair.settle();
  EXPECT_EQ(pair.server.channels.size(), 2U);
  EXPECT_EQ(pair.server.permissions.size(), 1U);
}

TEST(TurnPeers, BeyondTheBindsInFlightGetTheirPermissionsInOneRequest) {
  ClientPair pair;
  const std::size_t count = Client::kMaxOpenBinds + Client::kMaxPermissionsPerRequest;
  for (std::size_t i = 0; i < count; ++i) pair.client.allow(nth_peer(i), pair.now);
  pair.client.start(pair.now);
  pair.to_server(*pair.client.poll_transmit());
  pair.to_server(*pair.client.poll_transmit());
  std::vector<Datagram> requests;
  while (auto datagram = pair.client.poll_transmit()) requests.push_back(std::move(*datagram));
  ASSERT_EQ(requests.size(), Client::kMaxOpenBinds + 1);
  for (const Datagram& request : requests) pair.to_server(request);
  EXPECT_EQ(pair.server.permissions.size(), count);
  EXPECT_EQ(pair.server.count(Method::kCreatePermission), 1U);
  pair.settle();
  EXPECT_EQ(pair.server.channels.size(), count);
}

TEST(TurnPeers, KeepChannelAndPermissionForHours) {
  ClientPair pair;
  pair.allocate();
  pair.client.allow(kPeer, pair.now);
  pair.client.allow(kOther, pair.now);
  pair.settle();
  for (std::size_t step = 1; step <= 180 * 6; ++step) {
    pair.run_for(10s);
    pair.send("hello", kPeer);
    ASSERT_EQ(pair.server.to_peers.size(), step);
    EXPECT_TRUE(pair.server.to_peers.back().by_channel);
    // With time for all retransmissions of a renewal.
    const Timestamp enough = pair.now + 40s;
    for (const auto& [ip, until] : pair.server.permissions) EXPECT_GT(until, enough) << ip.to_string();
    ASSERT_EQ(pair.server.channels.size(), 2U);
    for (const auto& [number, binding] : pair.server.channels) EXPECT_GT(binding.until, enough);
  }
  // Both addresses in one request, about every four minutes at most.
  EXPECT_LE(pair.server.count(Method::kCreatePermission), 180U / 4);
  EXPECT_LE(pair.server.count(Method::kChannelBind), 2U + 2 * 180U / 9);
}

TEST(TurnPeers, KeepChannelAndPermissionWhenEverySecondRequestIsLost) {
  ClientPair pair;
  pair.lose = [](std::size_t n) { return n % 2 == 0; };
  pair.client.allow(kPeer, pair.now);
  pair.client.start(pair.now);
  pair.run_for(10s);
  for (int minute = 0; minute < 60; ++minute) {
    pair.run_for(1min);
    EXPECT_GT(pair.server.permissions[kPeer.ip], pair.now);
    EXPECT_GT(pair.server.channels[0x4000].until, pair.now);
  }
  EXPECT_EQ(pair.client.state(), ClientState::kAllocated);
}

TEST(TurnPeers, FollowTheNonce) {
  ClientPair pair;
  pair.allocate();
  pair.client.allow(kPeer, pair.now);
  for (int i = 0; i < 60; ++i) {
    pair.server.nonce = "nonce of minute " + std::to_string(i);
    pair.run_for(1min);
    EXPECT_GT(pair.server.permissions[kPeer.ip], pair.now);
  }
  EXPECT_GT(pair.server.channels[0x4000].until, pair.now);
  EXPECT_EQ(pair.events.size(), 1U);
}

TEST(TurnPeers, LearnOfANewNonceFromEachOther) {
  ClientPair pair;
  pair.allocate();
  pair.server.nonce = "nonce-2";
  for (std::size_t i = 0; i < 3; ++i) pair.client.allow(nth_peer(i), pair.now);
  pair.settle();
  EXPECT_EQ(pair.server.channels.size(), 3U);
}

TEST(TurnPeers, ThatAreForbiddenAreReportedOnceAndGetNothing) {
  ClientPair pair;
  pair.server.forbidden = {kPeer.ip};
  pair.allocate();
  pair.client.allow(kPeer, pair.now);
  pair.client.allow(kSameHost, pair.now);
  pair.client.allow(kOther, pair.now);
  pair.run_for(30min);
  ASSERT_EQ(pair.events.size(), 2U);
  const auto* refused = pair.last<event::PermissionRefused>();
  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(refused->peer, kPeer.ip);
  EXPECT_EQ(refused->code, 403);
  EXPECT_FALSE(pair.client.wrap(pair.pool.copy_of(as_bytes("x")), kPeer, pair.now));
  EXPECT_TRUE(pair.client.wrap(pair.pool.copy_of(as_bytes("x")), kOther, pair.now));
  EXPECT_EQ(pair.client.stats().output_dropped, 1U);
}

TEST(TurnPeers, AreAskedForOneByOneWhenOneOfThemIsForbidden) {
  ClientPair pair;
  pair.server.errors[Method::kChannelBind] = 508;
  pair.allocate();
  for (std::size_t i = 0; i < 6; ++i) pair.client.allow(nth_peer(i), pair.now);
  pair.server.forbidden = {nth_peer(2).ip};
  pair.settle();
  EXPECT_EQ(pair.server.permissions.size(), 5U);
  ASSERT_EQ(pair.events.size(), 2U);
  EXPECT_EQ(pair.last<event::PermissionRefused>()->peer, nth_peer(2).ip);
  pair.run_for(1h);
  EXPECT_EQ(pair.events.size(), 2U);
  for (const auto& [ip, until] : pair.server.permissions) EXPECT_GT(until, pair.now);
}

TEST(TurnPeers, AreReachedByIndicationsWhenTheServerGivesNoChannel) {
  ClientPair pair;
  pair.server.errors[Method::kChannelBind] = 400;
  pair.allocate();
  pair.client.allow(kPeer, pair.now);
  pair.run_for(20min);
  pair.send("hello", kPeer);
  ASSERT_EQ(pair.server.to_peers.size(), 1U);
  EXPECT_FALSE(pair.server.to_peers[0].by_channel);
  EXPECT_EQ(pair.server.to_peers[0].text, "hello");
  EXPECT_EQ(pair.server.count(Method::kChannelBind), 1U);
  const auto data = pair.receive("back", kPeer, false);
  ASSERT_TRUE(data);
  EXPECT_EQ(as_text(data->packet.bytes()), "back");
}

TEST(TurnPeers, GetTheirDataInIndicationsUntilTheChannelIsBound) {
  ClientPair pair;
  pair.allocate();
  pair.client.allow(kPeer, pair.now);
  const auto bind = pair.client.poll_transmit();
  auto data = pair.client.wrap(pair.pool.copy_of(as_bytes("early")), kPeer, pair.now);
  ASSERT_TRUE(data);
  const auto answer = pair.server.receive(bind->packet.bytes(), pair.now);
  pair.to_server(*data);
  pair.deliver(*answer);
  pair.send("late", kPeer);
  ASSERT_EQ(pair.server.to_peers.size(), 2U);
  EXPECT_EQ(pair.server.to_peers[0].text, "early");
  EXPECT_FALSE(pair.server.to_peers[0].by_channel);
  EXPECT_EQ(pair.server.to_peers[1].text, "late");
  EXPECT_TRUE(pair.server.to_peers[1].by_channel);
}

TEST(TurnPeers, MaySendBeforeTheServersAnswerArrives) {
  for (const bool by_channel : {false, true}) {
    ClientPair pair;
    pair.allocate();
    pair.client.allow(kPeer, pair.now);
    (void)pair.server.receive(pair.client.poll_transmit()->packet.bytes(), pair.now);  // the answer is lost
    EXPECT_TRUE(pair.receive("hello", kPeer, by_channel)) << by_channel;
  }
}

TEST(TurnPeers, AreAllowedByTheFirstPacketToThem) {
  ClientPair pair;
  pair.allocate();
  EXPECT_TRUE(pair.client.wrap(pair.pool.copy_of(as_bytes("x")), kPeer, pair.now));
  pair.settle();
  EXPECT_EQ(pair.server.channels.size(), 1U);
}

TEST(TurnPeers, OfTheOtherFamilyAreNotAskedFor) {
  ClientPair pair;
  pair.allocate();
  pair.client.allow(address("[2001:db8::5]:7000"), pair.now);
  EXPECT_FALSE(pair.client.poll_transmit());
  EXPECT_FALSE(pair.client.wrap(pair.pool.copy_of(as_bytes("x")), address("[2001:db8::5]:7000"), pair.now));
}

TEST(TurnPeers, LeastRecentlyUsedMakeRoom) {
  ClientPair pair;
  pair.allocate();
  for (std::size_t i = 0; i < Client::kMaxPeers; ++i) {
    pair.client.allow(nth_peer(i), pair.now);
    pair.settle();
    pair.now += 1ms;
  }
  pair.send("still in use", nth_peer(0));
  pair.now += 1ms;
  pair.client.allow(kPeer, pair.now);
  pair.settle();
  EXPECT_EQ(pair.server.channels.size(), Client::kMaxPeers + 1);
  EXPECT_TRUE(pair.receive("x", nth_peer(0), true));
  EXPECT_FALSE(pair.receive("x", nth_peer(1), true));
  EXPECT_TRUE(pair.receive("x", kPeer, true));
  // One that comes back gets its old channel, as the server still holds it.
  pair.client.allow(nth_peer(1), pair.now);
  pair.settle();
  EXPECT_EQ(pair.server.channels.size(), Client::kMaxPeers + 1);
  EXPECT_TRUE(pair.receive("x", nth_peer(1), true));
}

TEST(TurnPeers, ThatComeAndGoForLongUseChannelsOnlyWhenTheyAreFree) {
  ClientPair pair;
  pair.allocate();
  for (std::size_t i = 0; i < 4500; ++i) {
    pair.run_for(4s);
    pair.send("x", nth_peer(i));
    pair.send("y", nth_peer(i));
    ASSERT_EQ(pair.client.state(), ClientState::kAllocated);
  }
  // No binding was refused, though all numbers have been used: by_channel each time.
  EXPECT_EQ(std::count_if(pair.server.to_peers.begin(), pair.server.to_peers.end(),
                          [](const auto& data) { return data.by_channel; }),
            4500);
}

TEST(TurnPeers, AreLostWithTheAllocationWhenItIsGone) {
  for (const Method method : {Method::kChannelBind, Method::kCreatePermission}) {
    ClientPair pair;
    pair.allocate();
    pair.server.errors[Method::kChannelBind] = method == Method::kChannelBind ? 437 : 400;
    pair.server.errors[Method::kCreatePermission] = 437;
    pair.client.allow(kPeer, pair.now);
    pair.settle();
    ASSERT_NE(pair.last<event::Failed>(), nullptr);
    EXPECT_EQ(pair.last<event::Failed>()->cause, Cause::kLost);
    EXPECT_FALSE(pair.client.wrap(pair.pool.copy_of(as_bytes("x")), kPeer, pair.now));
    EXPECT_EQ(pair.client.next_timeout(), kNever);
  }
}

TEST(TurnPeers, AreLostWhenTheServerFallsSilent) {
  ClientPair pair;
  pair.allocate();
  pair.now += 1ms;
  pair.lose = [](std::size_t) { return true; };
  pair.client.allow(kPeer, pair.now);
  pair.run_for(1min);
  ASSERT_NE(pair.last<event::Failed>(), nullptr);
  EXPECT_EQ(pair.last<event::Failed>()->cause, Cause::kLost);
}

TEST(TurnPeers, WhoseRequestAloneIsNotAnsweredAreRefused) {
  ClientPair pair;
  pair.allocate();
  pair.client.allow(kPeer, pair.now);
  const auto never = *stun::MessageView::parse(pair.client.poll_transmit()->packet.bytes());
  const stun::TransactionId id = never.transaction_id();
  pair.now += 1s;
  pair.client.allow(kOther, pair.now);
  while (pair.client.state() == ClientState::kAllocated && pair.client.next_timeout() < pair.now + 1min) {
    while (const auto request = pair.client.poll_transmit()) {
      const auto view = stun::MessageView::parse(request->packet.bytes());
      if (view->transaction_id() != id) pair.to_server(*request);
    }
    pair.now = pair.client.next_timeout();
    pair.client.handle_timeout(pair.now);
  }
  pair.settle();
  const auto* refused = pair.last<event::PermissionRefused>();
  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(refused->peer, kPeer.ip);
  EXPECT_EQ(refused->code, event::Failed::kUnreachable);
  EXPECT_EQ(pair.client.state(), ClientState::kAllocated);
}

}  // namespace
}  // namespace tidewire::turn
