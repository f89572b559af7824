// Sockets, relays and names that come and go, and the pairs that follow: renomination, relays, mDNS, 1:1 NATs.
#include <gtest/gtest.h>

#include "ice/agent_test_wire.h"

namespace tidewire::ice {
namespace {

const SocketAddress kA = address("10.0.0.1:5000");
const SocketAddress kA2 = address("10.0.1.1:5001");
const SocketAddress kB = address("198.51.100.2:6000");
const SocketAddress kRelayA = address("192.0.2.7:49160");
const SocketAddress kRelayB = address("192.0.2.8:49161");
const SocketAddress kStun = address("192.0.2.53:3478");

class IceNetwork : public ::testing::TestWithParam<Role> {
 protected:
  bool nominated() const {
    return a.connected() && b.connected() && a.agent.selected_pair()->nominated && b.agent.selected_pair()->nominated;
  }
  bool uses(const SocketAddress& local_of_a, const SocketAddress& local_of_b) const {
    return nominated() && a.agent.selected_pair()->local_address == local_of_a &&
           b.agent.selected_pair()->local_address == local_of_b;
  }

  Peer a{GetParam(), 1};
  Peer b{GetParam() == Role::kControlling ? Role::kControlled : Role::kControlling, 2};
  Wire wire{a, b};
};

INSTANTIATE_TEST_SUITE_P(SideA, IceNetwork, ::testing::Values(Role::kControlling, Role::kControlled),
                         [](const auto& suite) { return std::string(to_string(suite.param)); });

TEST_P(IceNetwork, ADirectPairReplacesTheRelayWhenItAppears) {
  wire.open(a, {});
  wire.relay(a, kRelayA);
  wire.open(b, {kB});
  wire.connect_both();
  ASSERT_TRUE(wire.run_until([&] { return uses(kRelayA, kB); }, seconds(2)));
  EXPECT_EQ(a.agent.selected_pair()->local.type, CandidateType::kRelayed);
  EXPECT_EQ(b.agent.selected_pair()->remote.type, CandidateType::kRelayed);
  wire.run_for(seconds(20));
  wire.add(a, {.bound = kA});
  const Timestamp added = wire.now;
  ASSERT_TRUE(wire.run_until([&] { return uses(kA, kB); }, seconds(5)));
  EXPECT_LE(wire.now - added, milliseconds(60));
  wire.run_for(seconds(60));
  EXPECT_TRUE(uses(kA, kB));
  EXPECT_EQ(a.count<SelectedPairChanged>(), 2U);
  EXPECT_EQ(b.count<SelectedPairChanged>(), 2U);
  EXPECT_EQ(a.states(), (std::vector<State>{State::kChecking, State::kConnected}));
  EXPECT_EQ(b.states(), (std::vector<State>{State::kChecking, State::kConnected}));
}

TEST_P(IceNetwork, ADirectPathThatOpensLateReplacesTheRelay) {
  // Both know all candidates from the start; the direct path is dead for two minutes.
  wire.passes = [](const SocketAddress& from, const SocketAddress& to) { return from != kA && to != kA; };
  wire.open(a, {kA});
  wire.relay(a, kRelayA);
  wire.open(b, {kB});
  wire.connect_both();
  ASSERT_TRUE(wire.run_until([&] { return uses(kRelayA, kB); }, seconds(2)));
  wire.run_for(seconds(120));
  EXPECT_TRUE(uses(kRelayA, kB));
  EXPECT_EQ(a.count<SelectedPairChanged>(), 1U);
  wire.passes = [](auto&, auto&) { return true; };
  const Timestamp opened = wire.now;
  ASSERT_TRUE(wire.run_until([&] { return uses(kA, kB); }, seconds(60)));
  EXPECT_LE(wire.now - opened, seconds(35));
}

TEST_P(IceNetwork, TwoRelaysMeet) {
  wire.open(a, {});
  wire.open(b, {});
  wire.relay(a, kRelayA);
  wire.relay(b, kRelayB);
  wire.connect_both();
  ASSERT_TRUE(wire.run_until([&] { return uses(kRelayA, kRelayB); }, seconds(2)));
  EXPECT_EQ(to_string(a.agent.local_candidates().at(0)).substr(0, 10), "candidate:");
  EXPECT_EQ(a.agent.local_candidates().at(0).related_address, address("198.51.100.9:9"));
}

TEST_P(IceNetwork, ARelayThatEndsIsLeftAtOnce) {
  wire.open(a, {kA2});
  wire.passes = [](const SocketAddress& from, const SocketAddress& to) { return from != kA2 && to != kA2; };
  wire.relay(a, kRelayA);
  wire.open(b, {kB});
  wire.connect_both();
  ASSERT_TRUE(wire.run_until([&] { return uses(kRelayA, kB); }, seconds(2)));
  wire.passes = [](auto&, auto&) { return true; };
  wire.remove(a, kRelayA);
  const Timestamp removed = wire.now;
  ASSERT_TRUE(wire.run_until([&] { return uses(kA2, kB); }, seconds(5)));
  EXPECT_LE(wire.now - removed, seconds(2));
}

TEST_P(IceNetwork, SocketsThatComeAndGoLeaveNothingBehind) {
  wire.open(a, {kA});
  wire.open(b, {kB});
  wire.connect_both();
  ASSERT_TRUE(wire.run_until([&] { return uses(kA, kB); }, seconds(2)));
  for (std::uint16_t i = 0; i < 200; ++i) {
    const SocketAddress other{kA2.ip, static_cast<std::uint16_t>(10000 + i)};
    wire.add(a, {.bound = other, .preference = i});
    wire.run_for(milliseconds(200));
    wire.remove(a, other);
  }
  EXPECT_TRUE(uses(kA, kB));
  EXPECT_EQ(a.agent.local_candidates().size(), 1U);
  EXPECT_EQ(a.agent.pairs().size(), 1U);
  wire.run_for(seconds(60));
  EXPECT_TRUE(uses(kA, kB));
  EXPECT_EQ(a.count<StateChanged>(), 2U);
  EXPECT_EQ(b.count<StateChanged>(), 2U);
}

TEST_P(IceNetwork, TheLimitCountsSocketsThatAreThere) {
  const auto socket = [](std::uint16_t i) { return SocketAddress(kA.ip, static_cast<std::uint16_t>(10000 + i)); };
  for (std::uint16_t i = 0; i < Agent::kMaxLocalSockets; ++i) {
    ASSERT_TRUE(a.agent.add_local_socket(socket(i), i, wire.now));
  }
  EXPECT_EQ(a.agent.add_local_socket(socket(99), 1, wire.now).error().code, ErrorCode::kOperation);
  EXPECT_EQ(a.agent.add_local_relay(kRelayA, kA, 1, wire.now).error().code, ErrorCode::kOperation);
  a.agent.remove_local(socket(3), wire.now);
  EXPECT_TRUE(a.agent.add_local_relay(kRelayA, kA, 1, wire.now));
  EXPECT_EQ(a.agent.local_candidates().size(), Agent::kMaxLocalSockets);
}

TEST_P(IceNetwork, AListenerOnTheSamePortAsASocketIsAnotherCandidate) {
  wire.listen(a, kA);
  wire.open(a, {kA});
  wire.open(b, {kB});
  wire.connect_both();
  ASSERT_TRUE(wire.run_until([&] { return uses(kA, kB); }, seconds(2)));
  EXPECT_EQ(a.agent.selected_pair()->local.protocol, Protocol::kUdp);
  EXPECT_EQ(a.agent.selected_pair()->local.tcp_type, TcpType::kNone);
}

// --- What is shown -----------------------------------------------------------------------------------------------

TEST(IceNames, AHiddenAddressIsShownNowhere) {
  Peer a(Role::kControlling, 1, {kStun});
  Peer b(Role::kControlled, 2);
  Wire wire(a, b);
  wire.stun_server = kStun;
  a.nat = Nat{.public_ip = *IpAddress::parse("203.0.113.1")};
  a.trickles = false;
  const std::string name = "0a6b5bb2-5b3c-4d1f-9d0e-4f6d6b1f8f3a.local";
  wire.add(a, {.bound = kA, .mdns_name = name});
  wire.run_for(seconds(1));
  const auto candidates = a.agent.local_candidates();
  ASSERT_EQ(candidates.size(), 2U);
  const std::string host = to_string(candidates[0]);
  const std::string reflexive = to_string(candidates[1]);
  EXPECT_NE(host.find(" " + name + " 5000 typ host"), std::string::npos) << host;
  EXPECT_NE(reflexive.find(" 203.0.113.1 40000 typ srflx raddr 0.0.0.0 rport 9"), std::string::npos) << reflexive;
  for (const std::string& text : {host, reflexive}) EXPECT_EQ(text.find("10.0.0.1"), std::string::npos) << text;
  // Nor does the pair in use tell it when no server has named the address.
  wire.open(b, {kB});
  wire.describe(a, b);
  wire.describe(b, a);
  ASSERT_TRUE(wire.run_until([&] { return a.connected() && b.connected(); }, seconds(2)));
  EXPECT_EQ(a.agent.selected_pair()->local.type, CandidateType::kServerReflexive);
}

TEST(IceNames, AHiddenAddressIsNotTheRelatedOneOfAPeerReflexivePair) {
  Peer a(Role::kControlling, 1);
  Peer b(Role::kControlled, 2);
  Wire wire(a, b);
  a.nat = Nat{.public_ip = *IpAddress::parse("203.0.113.1")};
  a.trickles = false;
  wire.add(a, {.bound = kA, .mdns_name = "hidden.local"});
  wire.open(b, {kB});
  wire.describe(a, b);
  wire.describe(b, a);
  ASSERT_TRUE(wire.run_until([&] { return a.connected() && b.connected(); }, seconds(2)));
  const Candidate& local = a.agent.selected_pair()->local;
  EXPECT_EQ(local.type, CandidateType::kPeerReflexive);
  EXPECT_EQ(to_string(local).find("10.0.0.1"), std::string::npos) << to_string(local);
}

TEST(IceNames, ThePublicAddressOfAOneToOneNatIsServerReflexive) {
  Peer a(Role::kControlling, 1);
  const LocalSocket socket{.bound = kA, .preference = 7, .public_ip = *IpAddress::parse("203.0.113.1")};
  ASSERT_TRUE(a.agent.add_local_socket(socket, Timestamp{}));
  a.agent.end_of_local_sockets(Timestamp{});
  const auto candidates = a.agent.local_candidates();
  ASSERT_EQ(candidates.size(), 2U);
  EXPECT_EQ(candidates[0].address, kA);
  EXPECT_EQ(candidates[1].type, CandidateType::kServerReflexive);
  EXPECT_EQ(candidates[1].address, address("203.0.113.1:5000"));
  EXPECT_EQ(candidates[1].related_address, kA);
  EXPECT_EQ(candidates[1].priority, candidate_priority(CandidateType::kServerReflexive, 7));
  EXPECT_EQ(a.agent.gathering_state(), GatheringState::kComplete);
}

TEST(IceNames, GatheringBeginsAnewWithASocketThatComesLater) {
  Peer a(Role::kControlling, 1, {kStun});
  Peer b(Role::kControlled, 2);
  Wire wire(a, b);
  wire.stun_server = kStun;
  wire.open(a, {kB});
  wire.run_for(seconds(1));
  ASSERT_EQ(a.agent.gathering_state(), GatheringState::kComplete);
  wire.add(a, {.bound = kA});
  EXPECT_EQ(a.agent.gathering_state(), GatheringState::kGathering);
  wire.run_for(seconds(1));
  EXPECT_EQ(a.agent.gathering_state(), GatheringState::kComplete);
  EXPECT_EQ(a.count<GatheringStateChanged>(), 4U);
}

}  // namespace
}  // namespace tidewire::ice
