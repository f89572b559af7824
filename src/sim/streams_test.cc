#include "sim/streams.h"

#include <gtest/gtest.h>

#include "sim/box_for_test.h"

namespace tidewire::sim {
namespace {

using namespace std::chrono_literals;

constexpr StreamId kStream{1};
const SocketAddress kServer = address("198.51.100.1:443");

// A client and a server, 50 ms apart, perhaps with a NAT and firewalls between.
struct Pair : World {
  explicit Pair(const HostConfig& of_client = {"client", {ip("198.51.100.2")}, {.delay = 30ms}, {.delay = 20ms}, {}})
      : client(add(of_client)), server(add({"server", {kServer.ip}, {.delay = 30ms}, {.delay = 20ms}, {}})) {}

  void request(bool tls = false, const SocketAddress& remote = kServer, StreamId id = kStream) {
    begun = simulation.now();
    box(client).requests.push_back({.id = id, .remote = remote, .tls = tls});
  }
  // Opens a TCP connection and returns the server's id of it.
  StreamId connect() {
    network.streams().listen(server, kServer, false);
    request();
    EXPECT_TRUE(simulation.run_until([&] { return box(server).accepted.size() == 1; }, 5s));
    return box(server).accepted.empty() ? StreamId{} : box(server).accepted[0].stream;
  }
  std::vector<std::string> texts(HostId host) {
    std::vector<std::string> all;
    for (const Datagram& message : box(host).received) all.emplace_back(as_text(message.packet.bytes()));
    return all;
  }
  std::vector<StreamCloseReason> reasons(HostId host) {
    std::vector<StreamCloseReason> all;
    for (const StreamClosed& closed : box(host).closed) all.push_back(closed.reason);
    return all;
  }
  Duration since(const std::vector<Timestamp>& times) const {
    return times.empty() ? Duration{-1} : times.back() - begun;
  }

  HostId client, server;
  Timestamp begun{};
};

using Reasons = std::vector<StreamCloseReason>;
using enum StreamCloseReason;

TEST(Streams, OpenAfterOneRoundTripAndWithTlsAfterTwo) {
  for (const bool tls : {false, true}) {
    Pair pair;
    pair.network.streams().listen(pair.server, address("0.0.0.0:443"), tls);
    pair.request(tls);
    pair.simulation.run_for(1s);
    EXPECT_EQ(pair.since(pair.box(pair.client).opened_at), tls ? 200ms : 100ms);
    EXPECT_EQ(pair.since(pair.box(pair.server).accepted_at), tls ? 250ms : 150ms);
    ASSERT_EQ(pair.box(pair.client).opened.size(), 1U);
    ASSERT_EQ(pair.box(pair.server).accepted.size(), 1U);
    EXPECT_EQ(pair.box(pair.server).accepted[0].local, kServer);
    EXPECT_EQ(pair.box(pair.server).accepted[0].remote, pair.box(pair.client).opened[0].local);
  }
}

TEST(Streams, CarryMessagesBothWaysUnderEachSidesId) {
  Pair pair;
  const StreamId accepted = pair.connect();
  EXPECT_GE(accepted.value(), Streams::kFirstAccepted);
  pair.send(pair.client, kStream, "hello");
  pair.send(pair.server, accepted, "welcome");
  const Timestamp sent = pair.simulation.now();
  pair.simulation.run_for(1s);
  ASSERT_EQ(pair.texts(pair.server), std::vector<std::string>{"hello"});
  ASSERT_EQ(pair.texts(pair.client), std::vector<std::string>{"welcome"});
  EXPECT_EQ(pair.box(pair.server).arrivals[0] - sent, 50ms);
  const Datagram& to_client = pair.box(pair.client).received[0];
  EXPECT_EQ(to_client.stream, kStream);
  EXPECT_EQ(to_client.remote, kServer);
  EXPECT_EQ(to_client.local, pair.box(pair.client).opened[0].local);
  EXPECT_EQ(pair.box(pair.server).received[0].stream, accepted);
}

TEST(Streams, WhatIsSentAtOnceComesAfterTheAcceptance) {
  Pair pair;
  pair.network.streams().listen(pair.server, kServer, true);
  pair.request(true);
  ASSERT_TRUE(pair.simulation.run_until([&] { return !pair.box(pair.client).opened.empty(); }, 1s));
  pair.send(pair.client, kStream, "early");
  pair.simulation.run_for(60ms);
  EXPECT_EQ(pair.texts(pair.server), std::vector<std::string>{"early"});
  EXPECT_EQ(pair.box(pair.server).accepted.size(), 1U);
}

TEST(Streams, KeepOrderAndLoseNothingOnLinksThatDo) {
  Pair pair({"client", {ip("198.51.100.2")}, {.delay = 30ms, .jitter = 20ms, .loss = 0.2}, {.loss = 0.2}, {}});
  const StreamId accepted = pair.connect();
  std::vector<std::string> sent;
  for (int i = 0; i < 300; ++i) {
    sent.push_back(std::to_string(i));
    pair.send(pair.client, kStream, sent.back());
    pair.send(pair.server, accepted, sent.back());
    pair.simulation.run_for(5ms);
  }
  pair.simulation.run_for(20s);
  EXPECT_EQ(pair.texts(pair.server), sent);
  EXPECT_EQ(pair.texts(pair.client), sent);
}

TEST(Streams, ALostMessageHoldsUpThoseBehindIt) {
  Pair pair;
  pair.connect();
  const Timestamp sent = pair.simulation.now();
  pair.network.up(pair.client).config().loss = 1;
  pair.send(pair.client, kStream, "lost at first");
  pair.simulation.run_for(100ms);
  pair.network.up(pair.client).config().loss = 0;
  pair.send(pair.client, kStream, "second");
  pair.simulation.run_for(1s);
  EXPECT_EQ(pair.texts(pair.server), (std::vector<std::string>{"lost at first", "second"}));
  // Sent again after 200 ms, the least, as the round trip is shorter.
  EXPECT_EQ(pair.box(pair.server).arrivals[0] - sent, 250ms);
  EXPECT_EQ(pair.box(pair.server).arrivals[1] - sent, 250ms);
}

TEST(Streams, ShareTheBottleneckWithDatagrams) {
  Pair pair;
  pair.connect();
  pair.network.up(pair.client).config().bits_per_second = 1'000'000;
  const Timestamp sent = pair.simulation.now();
  pair.send(pair.client, "198.51.100.2:9", address("198.51.100.1:9"), 972);  // 8 ms with its headers
  pair.send(pair.client, kStream, std::string(948, 'x'));                    // 8 ms with its headers
  pair.simulation.run_for(1s);
  ASSERT_EQ(pair.box(pair.server).arrivals.size(), 2U);
  EXPECT_EQ(pair.box(pair.server).arrivals[0] - sent, 58ms);
  EXPECT_EQ(pair.box(pair.server).arrivals[1] - sent, 66ms);
}

TEST(Streams, AreRefusedAfterOneRoundTripWhereNobodyListens) {
  Pair pair;
  pair.network.streams().listen(pair.server, address("198.51.100.1:80"), false);
  pair.request();
  pair.simulation.run_for(1s);
  EXPECT_EQ(pair.reasons(pair.client), Reasons{kRefused});
  EXPECT_EQ(pair.since(pair.box(pair.client).closed_at), 100ms);
  pair.network.streams().stop_listening(pair.server, address("198.51.100.1:80"));
  pair.request(false, address("198.51.100.1:80"));
  pair.simulation.run_for(1s);
  EXPECT_EQ(pair.reasons(pair.client), (Reasons{kRefused, kRefused}));
  EXPECT_EQ(pair.network.streams().size(), 0U);
}

TEST(Streams, FailWhenOnlyOneSideSpeaksTls) {
  for (const bool tls : {false, true}) {
    Pair pair;
    pair.network.streams().listen(pair.server, kServer, !tls);
    pair.request(tls);
    pair.simulation.run_for(1s);
    EXPECT_EQ(pair.reasons(pair.client), Reasons{kTlsFailed});
    EXPECT_TRUE(pair.box(pair.server).accepted.empty());
    EXPECT_EQ(pair.network.streams().size(), 0U);
  }
}

TEST(Streams, FailWhenTheCertificateIsForAnother) {
  Pair pair;
  pair.network.streams().listen(pair.server, kServer, true, "turn.example");
  pair.box(pair.client).requests.push_back({StreamId{1}, {}, kServer, StreamFraming::kStun, true, "turn.example"});
  pair.box(pair.client).requests.push_back({StreamId{2}, {}, kServer, StreamFraming::kStun, true, "other.example"});
  pair.simulation.run_for(1s);
  ASSERT_EQ(pair.box(pair.client).opened.size(), 1U);
  EXPECT_EQ(pair.box(pair.client).opened[0].stream, StreamId{1});
  EXPECT_EQ(pair.reasons(pair.client), Reasons{kTlsFailed});
}

TEST(Streams, GiveUpConnectingWhenNothingAnswers) {
  for (const char* remote : {"198.51.100.1:443", "198.51.100.77:443"}) {  // behind a firewall; no such host
    Pair pair;
    pair.network.streams().listen(pair.server, kServer, false);
    pair.network.firewall(pair.server).config() = FirewallConfig::answers_only();
    pair.request(false, address(remote));
    pair.simulation.run_for(30s);
    EXPECT_EQ(pair.reasons(pair.client), Reasons{kConnectTimeout});
    EXPECT_EQ(pair.since(pair.box(pair.client).closed_at), Streams::kConnectTimeout);
    EXPECT_EQ(pair.network.streams().size(), 0U);
  }
}

TEST(Streams, TryAgainAfterASecondWhenTheSynIsLost) {
  Pair pair;
  pair.network.streams().listen(pair.server, kServer, false);
  pair.network.up(pair.client).config().loss = 1;
  pair.request();
  pair.simulation.run_for(500ms);
  pair.network.up(pair.client).config().loss = 0;
  pair.simulation.run_for(1s);
  EXPECT_EQ(pair.since(pair.box(pair.client).opened_at), 1100ms);
}

TEST(Streams, ReachOnlyTheWebThroughAFirewallForIt) {
  Pair pair;
  pair.network.firewall(pair.client).config() = FirewallConfig::web_only();
  for (const char* at : {"198.51.100.1:443", "198.51.100.1:3478"}) {
    pair.network.streams().listen(pair.server, address(at), true);
  }
  pair.request(true, kServer, StreamId{1});
  pair.request(true, address("198.51.100.1:3478"), StreamId{2});
  pair.simulation.run_for(30s);
  ASSERT_EQ(pair.box(pair.client).opened.size(), 1U);
  EXPECT_EQ(pair.box(pair.client).opened[0].stream, StreamId{1});
  ASSERT_EQ(pair.box(pair.client).closed.size(), 1U);
  EXPECT_EQ(pair.box(pair.client).closed[0].stream, StreamId{2});
}

TEST(Streams, TheOtherEndHearsOfTheCloseAfterTheLastMessage) {
  Pair pair;
  const StreamId accepted = pair.connect();
  pair.send(pair.client, kStream, "last");
  pair.box(pair.client).closes.push_back(kStream);
  pair.simulation.run_for(1s);
  EXPECT_EQ(pair.texts(pair.server), std::vector<std::string>{"last"});
  EXPECT_EQ(pair.reasons(pair.server), Reasons{kClosedByPeer});
  EXPECT_EQ(pair.box(pair.server).closed[0].stream, accepted);
  EXPECT_TRUE(pair.box(pair.client).closed.empty());
  EXPECT_EQ(pair.network.streams().size(), 0U);
}

TEST(Streams, EitherEndMayClose) {
  Pair pair;
  pair.box(pair.server).closes.push_back(pair.connect());
  pair.simulation.run_for(1s);
  EXPECT_EQ(pair.reasons(pair.client), Reasons{kClosedByPeer});
  EXPECT_EQ(pair.network.streams().size(), 0U);
}

TEST(Streams, BothEndsMayCloseAtOnce) {
  Pair pair;
  const StreamId accepted = pair.connect();
  pair.send(pair.server, accepted, "too late");
  pair.box(pair.server).closes.push_back(accepted);
  pair.box(pair.client).closes.push_back(kStream);
  pair.simulation.run_for(1s);
  EXPECT_TRUE(pair.box(pair.client).received.empty());
  EXPECT_TRUE(pair.box(pair.client).closed.empty());
  EXPECT_TRUE(pair.box(pair.server).closed.empty());
  EXPECT_EQ(pair.network.streams().size(), 0U);
}

TEST(Streams, AreForgottenWhenClosedBeforeTheyOpen) {
  Pair pair;
  pair.network.streams().listen(pair.server, kServer, false);
  pair.request();
  pair.simulation.run_for(20ms);
  pair.box(pair.client).closes.push_back(kStream);
  pair.simulation.run_for(30s);
  EXPECT_TRUE(pair.box(pair.client).opened.empty());
  EXPECT_TRUE(pair.box(pair.client).closed.empty());
  EXPECT_TRUE(pair.box(pair.server).accepted.empty());
  EXPECT_EQ(pair.network.streams().size(), 0U);
}

TEST(Streams, DropWhatAnEndSendsFasterThanItLeaves) {
  Pair pair;
  pair.connect();
  for (std::size_t i = 0; i < Streams::kMaxQueued + 10; ++i) pair.send(pair.client, kStream, "x");
  pair.simulation.run_for(1s);
  EXPECT_EQ(pair.box(pair.server).received.size(), Streams::kMaxQueued);
}

TEST(Streams, PassANatOutwardsAndShowItsAddress) {
  World world;
  const NatId nat = world.network.add_nat({.external = ip("203.0.113.1")});
  const HostId client = world.add("10.0.0.2", nat);
  const HostId server = world.add("198.51.100.1");
  world.network.streams().listen(server, kServer, false);
  world.network.streams().listen(client, address("10.0.0.2:443"), false);
  world.box(client).requests.push_back({.id = kStream, .local = address("10.0.0.2:5000"), .remote = kServer});
  world.simulation.run_for(1s);
  ASSERT_EQ(world.box(server).accepted.size(), 1U);
  EXPECT_EQ(world.box(client).opened[0].local, address("10.0.0.2:5000"));
  EXPECT_EQ(world.box(server).accepted[0].remote.ip, ip("203.0.113.1"));
  world.send(server, world.box(server).accepted[0].stream, "through");
  world.simulation.run_for(1s);
  EXPECT_EQ(world.box(client).received.size(), 1U);
  // Inwards there is no mapping.
  world.box(server).requests.push_back({.id = kStream, .remote = address("203.0.113.1:443")});
  world.simulation.run_for(30s);
  ASSERT_EQ(world.box(server).closed.size(), 1U);
  EXPECT_EQ(world.box(server).closed[0].reason, kConnectTimeout);
}

TEST(Streams, AreResetWhenTheirNatHasRebooted) {
  World world;
  const NatId nat = world.network.add_nat({.external = ip("203.0.113.1")});
  const HostId client = world.add("10.0.0.2", nat);
  const HostId server = world.add("198.51.100.1");
  world.network.streams().listen(server, kServer, false);
  world.box(client).requests.push_back({.id = kStream, .remote = kServer});
  world.simulation.run_for(1s);
  ASSERT_EQ(world.box(server).accepted.size(), 1U);
  world.network.nat(nat).rebind();
  world.send(client, kStream, "who?");
  world.send(server, world.box(server).accepted[0].stream, "anybody?");
  world.simulation.run_for(5s);
  ASSERT_EQ(world.box(client).closed.size(), 1U);
  EXPECT_EQ(world.box(client).closed[0].reason, kReset);
  EXPECT_TRUE(world.box(server).closed.empty());
  world.simulation.run_for(3min);
  ASSERT_EQ(world.box(server).closed.size(), 1U);
  EXPECT_EQ(world.box(server).closed[0].reason, kTimedOut);
  EXPECT_EQ(world.network.streams().size(), 0U);
}

TEST(Streams, CloseWithTheirInterfaceAndTheOtherEndFindsOut) {
  for (const bool comes_back : {false, true}) {
    Pair pair;
    const StreamId accepted = pair.connect();
    pair.simulation.take_down(pair.client, 0);
    pair.simulation.run_for(1s);
    EXPECT_EQ(pair.reasons(pair.client), Reasons{kInterfaceGone});
    EXPECT_TRUE(pair.box(pair.server).closed.empty());
    if (comes_back) pair.simulation.bring_up(pair.client, 0);
    pair.send(pair.server, accepted, "still there?");
    pair.simulation.run_for(3min);
    EXPECT_EQ(pair.reasons(pair.server), Reasons{comes_back ? kReset : kTimedOut});
    EXPECT_EQ(pair.network.streams().size(), 0U);
  }
}

TEST(Streams, FailAtOnceFromAnAddressThatIsNotThere) {
  Pair pair;
  pair.box(pair.client).requests.push_back({.id = kStream, .local = address("10.9.9.9:0"), .remote = kServer});
  pair.box(pair.client).requests.push_back({.id = StreamId{2}, .remote = address("[2001:db8::1]:443")});
  pair.simulation.run_for(1ms);
  EXPECT_EQ(pair.reasons(pair.client), (Reasons{kNoRoute, kNoRoute}));
}

}  // namespace
}  // namespace tidewire::sim
