// ICE-TCP (RFC 6544): connections in place of datagrams.
#include <gtest/gtest.h>

#include "ice/agent_test_wire.h"

namespace tidewire::ice {
namespace {

const SocketAddress kA = address("10.0.0.1:5000");
const SocketAddress kB = address("10.0.0.2:6000");
const SocketAddress kListener = address("10.0.0.2:7000");
const SocketAddress kListener2 = address("10.0.3.2:7000");

class IceTcp : public ::testing::TestWithParam<Role> {
 protected:
  // A makes connections, B listens.
  void open(std::vector<SocketAddress> listeners = {kListener}) {
    ASSERT_TRUE(a.agent.add_tcp_active({.bound = kA, .preference = 65535}, wire.now));
    for (const SocketAddress& listener : listeners) wire.listen(b, listener);
    wire.open(a, {kA});
    wire.open(b, {kB});
  }
  void block_udp() {
    wire.passes = [](const SocketAddress& from, const SocketAddress&) { return from != kA && from != kB; };
  }
  bool nominated() const {
    return a.connected() && b.connected() && a.agent.selected_pair()->nominated && b.agent.selected_pair()->nominated;
  }
  bool over_tcp() const { return nominated() && a.agent.selected_pair()->stream != StreamId{}; }
  std::vector<PairState> tcp_states(const Agent& agent) const {
    std::vector<PairState> states;
    for (const PairInfo& row : agent.pairs()) {
      if (row.pair.local.protocol == Protocol::kTcp) states.push_back(row.state);
    }
    return states;
  }

  Peer a{GetParam(), 1};
  Peer b{GetParam() == Role::kControlling ? Role::kControlled : Role::kControlling, 2};
  Wire wire{a, b};
};

INSTANTIATE_TEST_SUITE_P(ActiveSide, IceTcp, ::testing::Values(Role::kControlling, Role::kControlled),
                         [](const auto& suite) { return std::string(to_string(suite.param)); });

TEST_P(IceTcp, ConnectsWhenUdpIsBlocked) {
  block_udp();
  open();
  wire.connect_both();
  const Timestamp start = wire.now;
  ASSERT_TRUE(wire.run_until([&] { return nominated(); }, seconds(5)));
  // One round trip for the connection, one for the check, one for the nomination.
  EXPECT_LE(wire.now - start, milliseconds(80));
  const CandidatePair& from_a = *a.agent.selected_pair();
  EXPECT_EQ(from_a.local.tcp_type, TcpType::kActive);
  EXPECT_EQ(from_a.local.address, address("10.0.0.1:9"));
  EXPECT_EQ(from_a.local_address, address("10.0.0.1:50000"));
  EXPECT_EQ(from_a.remote_address, kListener);
  EXPECT_EQ(from_a.remote.type, CandidateType::kHost);
  // The passive side learns the port from the check.
  const CandidatePair& from_b = *b.agent.selected_pair();
  EXPECT_EQ(from_b.local.address, kListener);
  EXPECT_EQ(from_b.local.tcp_type, TcpType::kPassive);
  EXPECT_EQ(from_b.remote.type, CandidateType::kPeerReflexive);
  EXPECT_EQ(from_b.remote.protocol, Protocol::kTcp);
  EXPECT_EQ(from_b.remote_address, address("10.0.0.1:50000"));
  EXPECT_EQ(wire.open_streams(), 1U);
  EXPECT_EQ(b.count<OpenStream>(), 0U);
  const std::vector<State> calm{State::kChecking, State::kConnected};
  wire.run_for(seconds(60));
  EXPECT_EQ(a.states(), calm);
  EXPECT_EQ(b.states(), calm);
}

TEST_P(IceTcp, UdpIsPreferredWhenBothWork) {
  open();
  wire.connect_both();
  wire.run_for(seconds(5));
  ASSERT_TRUE(nominated());
  EXPECT_EQ(a.agent.selected_pair()->stream, StreamId{});
  EXPECT_EQ(b.agent.selected_pair()->stream, StreamId{});
  EXPECT_EQ(a.agent.selected_pair()->local.address, kA);
  EXPECT_LE(a.count<SelectedPairChanged>(), 2U);
}

TEST_P(IceTcp, AClosedConnectionIsMadeAgainByTheActiveSideOnly) {
  block_udp();
  open();
  wire.connect_both();
  ASSERT_TRUE(wire.run_until([&] { return over_tcp(); }, seconds(5)));
  for (int time = 0; time < 100; ++time) {
    wire.run_for(seconds(1));
    wire.reset_streams();
    EXPECT_EQ(a.agent.state(), State::kDisconnected);
    EXPECT_EQ(b.agent.state(), State::kDisconnected);
    const Timestamp reset = wire.now;
    ASSERT_TRUE(wire.run_until([&] { return over_tcp(); }, seconds(10))) << time;
    EXPECT_LE(wire.now - reset, milliseconds(300));
  }
  EXPECT_EQ(b.count<OpenStream>(), 0U);
  EXPECT_EQ(wire.open_streams(), 1U);
  // What the passive side learnt from connections that are no more is forgotten.
  EXPECT_LE(b.agent.remote_candidates().size(), 3U);
}

TEST_P(IceTcp, AClosedConnectionFailsOverToUdp) {
  block_udp();
  open();
  wire.connect_both();
  ASSERT_TRUE(wire.run_until([&] { return over_tcp(); }, seconds(5)));
  wire.passes = [](auto&, auto&) { return true; };
  wire.connects = [](auto&, auto&) { return false; };
  wire.reset_streams();
  const Timestamp reset = wire.now;
  ASSERT_TRUE(wire.run_until([&] { return nominated(); }, seconds(5)));
  EXPECT_LE(wire.now - reset, milliseconds(300));
  EXPECT_EQ(a.agent.selected_pair()->local_address, kA);
  EXPECT_EQ(b.agent.selected_pair()->local_address, kB);
}

TEST_P(IceTcp, ARefusedConnectionFailsItsPair) {
  block_udp();
  wire.connects = [](auto&, const SocketAddress& to) { return to != kListener; };
  open({kListener, kListener2});
  wire.connect_both();
  ASSERT_TRUE(wire.run_until([&] { return over_tcp(); }, seconds(5)));
  EXPECT_EQ(a.agent.selected_pair()->remote_address, kListener2);
  const auto states = tcp_states(a.agent);
  EXPECT_EQ(std::count(states.begin(), states.end(), PairState::kFailed), 1);
}

TEST_P(IceTcp, ACheckOnAConnectionIsNotRepeated) {
  wire.passes = [](auto&, auto&) { return false; };
  open();
  wire.connect_both();
  wire.run_for(seconds(20));
  EXPECT_EQ(wire.open_streams(), 1U);
  EXPECT_EQ(wire.stream_datagrams, 1U);
}

TEST_P(IceTcp, OnlyListenersAreConnectedTo) {
  open({});
  wire.connect_both();
  ASSERT_TRUE(wire.run_until([&] { return nominated(); }, seconds(1)));
  EXPECT_TRUE(tcp_states(a.agent).empty());
  EXPECT_EQ(a.count<OpenStream>(), 0U);
}

TEST_P(IceTcp, RemovingTheListenerClosesItsConnections) {
  block_udp();
  open();
  wire.connect_both();
  ASSERT_TRUE(wire.run_until([&] { return over_tcp(); }, seconds(5)));
  wire.passes = [](auto&, auto&) { return true; };
  wire.remove(b, kListener);
  EXPECT_EQ(b.count<CloseStream>(), 1U);
  ASSERT_TRUE(wire.run_until([&] { return nominated() && !over_tcp(); }, seconds(5)));
  EXPECT_EQ(wire.open_streams(), 0U);
  EXPECT_EQ(b.agent.selected_pair()->local_address, kB);
}

TEST_P(IceTcp, RemovingTheInterfaceRemovesWhatConnectsFromIt) {
  block_udp();
  open();
  wire.connect_both();
  ASSERT_TRUE(wire.run_until([&] { return over_tcp(); }, seconds(5)));
  wire.remove(a, kA);
  EXPECT_FALSE(a.agent.selected_pair());
  EXPECT_EQ(a.agent.state(), State::kDisconnected);
  EXPECT_TRUE(a.agent.local_candidates().empty());
  EXPECT_TRUE(a.agent.pairs().empty());
  wire.run_for(seconds(1));
  EXPECT_EQ(wire.open_streams(), 0U);
  EXPECT_EQ(b.agent.state(), State::kDisconnected);
}

TEST_P(IceTcp, ARestartMakesANewConnectionAndClosesTheOldOne) {
  block_udp();
  open();
  wire.connect_both();
  ASSERT_TRUE(wire.run_until([&] { return over_tcp(); }, seconds(5)));
  const StreamId old = a.agent.selected_pair()->stream;
  a.agent.restart({}, wire.now);
  b.agent.restart({}, wire.now);
  wire.connect_both();
  wire.run_for(seconds(2));
  ASSERT_TRUE(over_tcp());
  EXPECT_NE(a.agent.selected_pair()->stream, old);
  EXPECT_EQ(wire.open_streams(), 1U);
}

TEST(IceTcpBounds, ConnectionsBeyondTheLimitAreTurnedAway) {
  Peer b(Role::kControlled, 2);
  const Timestamp now{};
  EXPECT_EQ(b.agent.stream_accepted(kListener, kA, now).error().code, ErrorCode::kOperation);
  ASSERT_TRUE(b.agent.add_tcp_listener({.bound = kListener}, now));
  for (std::size_t i = 0; i < Agent::kMaxStreams; ++i) {
    const auto accepted = b.agent.stream_accepted(kListener, {kA.ip, static_cast<std::uint16_t>(i + 1)}, now);
    ASSERT_TRUE(accepted);
    EXPECT_EQ(accepted->value() % 2, 1U);
  }
  const auto one_more = b.agent.stream_accepted(kListener, kA, now);
  ASSERT_FALSE(one_more);
  EXPECT_EQ(one_more.error().code, ErrorCode::kOperation);
  EXPECT_EQ(b.agent.stats().dropped_table_full, 1U);
  b.agent.stream_closed(StreamId{1}, now);
  EXPECT_TRUE(b.agent.stream_accepted(kListener, kA, now));
  b.agent.remove_local(kListener, now);
  std::size_t closed = 0;
  while (auto event = b.agent.poll_event()) closed += std::holds_alternative<CloseStream>(*event) ? 1 : 0;
  EXPECT_EQ(closed, Agent::kMaxStreams);
}

TEST(IceTcpBounds, ConnectionsThatSayNothingGiveWay) {
  Peer a(Role::kControlling, 1);
  Peer b(Role::kControlled, 2);
  Wire wire(a, b);
  ASSERT_TRUE(a.agent.add_tcp_active({.bound = kA, .preference = 1}, wire.now));
  wire.listen(b, kListener);
  wire.connect_both();
  ASSERT_TRUE(wire.run_until([&] { return b.connected(); }, seconds(1)));
  const StreamId in_use = b.agent.selected_pair()->stream;
  for (std::uint16_t i = 1; i < Agent::kMaxStreams; ++i) {
    ASSERT_TRUE(b.agent.stream_accepted(kListener, {kB.ip, i}, wire.now));
  }
  EXPECT_FALSE(b.agent.stream_accepted(kListener, kA, wire.now));
  wire.run_for(seconds(5));
  for (std::uint16_t i = 1; i < Agent::kMaxStreams; ++i) {
    ASSERT_TRUE(b.agent.stream_accepted(kListener, {kB.ip, i}, wire.now)) << i;
  }
  EXPECT_FALSE(b.agent.stream_accepted(kListener, kA, wire.now));
  wire.run_for(seconds(60));
  EXPECT_EQ(b.agent.selected_pair()->stream, in_use);
  EXPECT_EQ(b.count<CloseStream>(), Agent::kMaxStreams - 1);
}

TEST(IceTcpBounds, StreamsThatNobodyKnowsChangeNothing) {
  Peer a(Role::kControlling, 1);
  const Timestamp now{};
  a.agent.stream_opened(StreamId{7}, kA, now);
  a.agent.stream_closed(StreamId{7}, now);
  const Bytes noise(40);
  a.agent.handle_input(Route{kA, kB, StreamId{7}}, noise, now);
  EXPECT_EQ(a.agent.stats().dropped_unmatched, 1U);
  EXPECT_FALSE(a.agent.poll_event());
  EXPECT_FALSE(a.agent.poll_transmit());
}

TEST(IceTcpCandidates, AreShownAsRfc6544Asks) {
  Peer a(Role::kControlling, 1);
  const Timestamp now{};
  ASSERT_TRUE(a.agent.add_local_socket(kA, 65535, now));
  ASSERT_TRUE(a.agent.add_tcp_active({.bound = kA, .preference = 65535}, now));
  ASSERT_TRUE(a.agent.add_tcp_listener({.bound = address("10.0.0.1:7000")}, now));
  ASSERT_TRUE(a.agent.add_local_relay(address("192.0.2.1:9000"), kA, 65535, now));
  const auto candidates = a.agent.local_candidates();
  ASSERT_EQ(candidates.size(), 4U);
  const std::string active = to_string(candidates[1]);
  const std::string passive = to_string(candidates[2]);
  EXPECT_NE(active.find(" tcp "), std::string::npos) << active;
  EXPECT_NE(active.find(" 10.0.0.1 9 typ host tcptype active"), std::string::npos) << active;
  EXPECT_NE(passive.find(" 10.0.0.1 7000 typ host tcptype passive"), std::string::npos) << passive;
  // RFC 6544 §4.2: UDP before TCP, and of TCP host candidates active before passive; relays come last.
  EXPECT_GT(candidates[0].priority, candidates[1].priority);
  EXPECT_GT(candidates[1].priority, candidates[2].priority);
  EXPECT_GT(candidates[2].priority, candidates[3].priority);
  EXPECT_GT(candidate_priority(CandidateType::kServerReflexive, 0), candidates[1].priority);
  // The direction preferences of §4.2: 6 and 4, in the upper three bits of the local preference.
  EXPECT_EQ(candidates[1].priority >> 21 & 7, 6U);
  EXPECT_EQ(candidates[2].priority >> 21 & 7, 4U);
  EXPECT_NE(candidates[0].foundation, candidates[1].foundation);
  for (const Candidate& candidate : candidates) EXPECT_EQ(parse_candidate(to_string(candidate)), candidate);
}

}  // namespace
}  // namespace tidewire::ice
