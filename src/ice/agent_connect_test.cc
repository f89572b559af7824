// Two agents find each other: on one network, through NATs, over loss, with and without signalled candidates.
#include <gtest/gtest.h>

#include "ice/agent_test_wire.h"

namespace tidewire::ice {
namespace {

const SocketAddress kA = address("10.0.0.1:5000");
const SocketAddress kB = address("10.0.0.2:6000");

struct Call {
  explicit Call(std::uint64_t seed = 1, Role role_b = Role::kControlled)
      : a(Role::kControlling, seed), b(role_b, seed + 1000), wire(a, b, seed) {}
  Peer a;
  Peer b;
  Wire wire;

  bool connected() const { return a.connected() && b.connected(); }
  bool nominated() const {
    return connected() && a.agent.selected_pair()->nominated && b.agent.selected_pair()->nominated;
  }
  // Both ends use the same path.
  void expect_one_path() const {
    ASSERT_TRUE(a.agent.selected_pair() && b.agent.selected_pair());
    EXPECT_EQ(a.agent.selected_pair()->local.address, b.agent.selected_pair()->remote.address);
    EXPECT_EQ(a.agent.selected_pair()->remote.address, b.agent.selected_pair()->local.address);
    EXPECT_NE(a.agent.role(), b.agent.role());
  }
};

TEST(IceAgent, HostToHostConnectsInOneAndAHalfRoundTrips) {
  Call call;
  call.wire.open(call.a, {kA});
  call.wire.open(call.b, {kB});
  call.wire.connect_both();
  const Timestamp start = call.wire.now;
  ASSERT_TRUE(call.wire.run_until([&] { return call.connected(); }, seconds(5)));
  EXPECT_LE(call.wire.now - start, milliseconds(30));
  ASSERT_TRUE(call.wire.run_until([&] { return call.nominated(); }, seconds(5)));
  EXPECT_LE(call.wire.now - start, milliseconds(40));
  call.expect_one_path();
  EXPECT_EQ(call.a.agent.selected_pair()->local.type, CandidateType::kHost);
  EXPECT_EQ(call.a.agent.selected_pair()->local_address, kA);
  EXPECT_EQ(call.a.agent.selected_pair()->remote_address, kB);
  EXPECT_EQ(call.a.agent.stats().current_round_trip_time, milliseconds(20));
}

TEST(IceAgent, GoesFromNewOverCheckingAndConnectedToCompleted) {
  Call call;
  call.wire.open(call.a, {kA});
  call.wire.open(call.b, {kB});
  call.wire.connect_both();
  call.a.agent.end_of_remote_candidates(call.wire.now);
  call.b.agent.end_of_remote_candidates(call.wire.now);
  call.wire.run_for(seconds(2));
  const std::vector<State> expected{State::kChecking, State::kConnected, State::kCompleted};
  EXPECT_EQ(call.a.states(), expected);
  EXPECT_EQ(call.b.states(), expected);
}

TEST(IceAgent, AnswersAndLearnsFromChecksBeforeTheAnswerArrives) {
  Call call;
  call.a.trickles = call.b.trickles = false;
  call.wire.open(call.a, {kA});
  call.wire.open(call.b, {kB});
  // Only the answerer knows the other side; its answer needs a second.
  call.wire.describe(call.a, call.b);
  call.wire.send_candidates(call.a, call.b);
  ASSERT_TRUE(call.wire.run_until([&] { return call.b.connected(); }, milliseconds(25)));
  EXPECT_EQ(call.a.agent.state(), State::kNew);
  call.wire.run_for(seconds(1));
  // The answer has no candidates at all: the peer-reflexive one is enough, and is checked at once.
  call.wire.describe(call.b, call.a);
  const Timestamp answered = call.wire.now;
  ASSERT_TRUE(call.wire.run_until([&] { return call.nominated(); }, seconds(1)));
  EXPECT_LE(call.wire.now - answered, milliseconds(45));
  EXPECT_EQ(call.a.agent.selected_pair()->remote.type, CandidateType::kPeerReflexive);
  // Its signalled form comes late and replaces what was learnt.
  call.wire.send_candidates(call.b, call.a);
  EXPECT_EQ(call.a.agent.selected_pair()->remote.type, CandidateType::kHost);
  EXPECT_EQ(call.a.agent.remote_candidates().size(), 1U);
}

TEST(IceAgent, RoleConflictsAreSettledWhicheverSideYields) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    for (const Role role : {Role::kControlling, Role::kControlled}) {
      Call call(seed, Role::kControlling);
      ASSERT_TRUE(call.a.agent.set_role(role, call.wire.now));
      ASSERT_TRUE(call.b.agent.set_role(role, call.wire.now));
      call.wire.open(call.a, {kA});
      call.wire.open(call.b, {kB});
      call.wire.connect_both();
      ASSERT_TRUE(call.wire.run_until([&] { return call.nominated(); }, seconds(3))) << seed;
      call.expect_one_path();
      EXPECT_EQ(call.a.count<RoleChanged>() + call.b.count<RoleChanged>(), 1U) << seed;
    }
  }
}

TEST(IceAgent, NatsOnBothSidesAreCrossedByServerReflexiveCandidates) {
  Peer a(Role::kControlling, 1, {address("192.0.2.53:3478")});
  Peer b(Role::kControlled, 2, {address("192.0.2.53:3478")});
  Wire wire(a, b);
  wire.stun_server = address("192.0.2.53:3478");
  a.nat = Nat{.public_ip = *IpAddress::parse("203.0.113.1")};
  b.nat = Nat{.public_ip = *IpAddress::parse("203.0.113.2")};
  wire.open(a, {address("10.0.0.1:5000")});
  wire.open(b, {address("192.168.1.2:6000")});
  wire.describe(a, b);
  wire.describe(b, a);
  ASSERT_TRUE(wire.run_until([&] { return a.connected() && b.connected(); }, seconds(3)));
  EXPECT_EQ(a.agent.selected_pair()->local.address, address("203.0.113.1:40000"));
  EXPECT_EQ(a.agent.selected_pair()->local.type, CandidateType::kServerReflexive);
  EXPECT_EQ(a.agent.selected_pair()->local.related_address, address("10.0.0.1:5000"));
  EXPECT_EQ(a.agent.selected_pair()->remote.address, address("203.0.113.2:40000"));
  EXPECT_EQ(a.agent.gathering_state(), GatheringState::kComplete);
}

TEST(IceAgent, AStunServerThatIsSilentDoesNotHoldBackTheCall) {
  Peer a(Role::kControlling, 1, {address("192.0.2.53:3478")});
  Peer b(Role::kControlled, 2);
  Wire wire(a, b);
  wire.open(a, {kA});
  wire.open(b, {kB});
  wire.connect_both();
  ASSERT_TRUE(wire.run_until([&] { return a.connected() && b.connected(); }, milliseconds(100)));
  EXPECT_EQ(a.agent.gathering_state(), GatheringState::kGathering);
  wire.run_for(seconds(6));
  EXPECT_EQ(a.agent.gathering_state(), GatheringState::kComplete);
}

TEST(IceAgent, KeepsTheBindingOfItsServerReflexiveCandidateWhileItWaits) {
  Peer a(Role::kControlling, 1, {address("192.0.2.53:3478")});
  Peer b(Role::kControlled, 2);
  Wire wire(a, b);
  wire.stun_server = address("192.0.2.53:3478");
  wire.open(a, {kA});
  wire.run_for(seconds(64));
  EXPECT_EQ(wire.datagrams, 5U);  // at 0, 15, 30, 45 and 60 s
}

TEST(IceAgent, ConnectsThroughLossUnderManySeeds) {
  Duration worst{};
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Call call(seed);
    call.wire.loss = 0.2;
    call.wire.open(call.a, {kA});
    call.wire.open(call.b, {kB});
    const Timestamp start = call.wire.now;
    call.wire.connect_both();
    ASSERT_TRUE(call.wire.run_until([&] { return call.nominated(); }, seconds(15))) << "seed " << seed;
    worst = std::max(worst, call.wire.now - start);
    call.wire.run_for(seconds(60));
    EXPECT_TRUE(call.connected()) << "seed " << seed;
    EXPECT_EQ(call.a.agent.selected_pair()->local_address, kA);
  }
  RecordProperty("worst_ms", static_cast<int>(std::chrono::duration_cast<milliseconds>(worst).count()));
}

TEST(IceAgent, ConnectsWhenTheFirstThreeSecondsOfOneDirectionAreLost) {
  Call call;
  const Timestamp start = call.wire.now;
  call.wire.passes = [&](const SocketAddress& from, const SocketAddress&) {
    return from.ip != kA.ip || call.wire.now >= start + seconds(3);
  };
  call.wire.open(call.a, {kA});
  call.wire.open(call.b, {kB});
  call.wire.connect_both();
  ASSERT_TRUE(call.wire.run_until([&] { return call.connected(); }, seconds(10)));
  EXPECT_LE(call.wire.now - start, milliseconds(5000));
}

TEST(IceAgent, ANameThatCannotBeResolvedDoesNotStopThePeerReflexivePath) {
  Call call;
  call.a.trickles = call.b.trickles = false;
  call.wire.open(call.a, {kA});
  call.wire.open(call.b, {kB});
  call.wire.describe(call.a, call.b);
  call.wire.describe(call.b, call.a);
  call.wire.send_candidates(call.a, call.b);
  const auto hidden = parse_candidate(
      "candidate:1 1 udp 2113937151 0a6b5bb2-5b3c-4d1f-9d0e-4f6d6b1f8f3a.local 6000 typ host generation 0 network-id "
      "1");
  ASSERT_TRUE(hidden);
  ASSERT_TRUE(call.a.agent.add_remote_candidate(*hidden, call.wire.now));
  call.wire.drain();
  EXPECT_EQ(call.a.count<ResolveName>(), 1U);
  ASSERT_TRUE(call.wire.run_until([&] { return call.nominated(); }, seconds(1)));
  EXPECT_EQ(call.a.agent.selected_pair()->remote.type, CandidateType::kPeerReflexive);
}

TEST(IceAgent, AResolvedNameIsChecked) {
  Call call;
  call.a.trickles = call.b.trickles = false;
  call.wire.open(call.a, {kA});
  call.wire.open(call.b, {kB});
  call.wire.describe(call.b, call.a);
  Candidate hidden = call.b.agent.local_candidates().at(0);
  hidden.host_name = "secret.local";
  hidden.address.ip = {};
  ASSERT_TRUE(call.a.agent.add_remote_candidate(hidden, call.wire.now));
  call.a.agent.remote_name_resolved("secret.local", kB.ip, call.wire.now);
  call.wire.run_for(seconds(1));
  EXPECT_TRUE(call.a.connected());
  EXPECT_EQ(call.a.agent.selected_pair()->remote.type, CandidateType::kHost);
}

TEST(IceAgent, Ipv6AndIpv4DoNotMixAndLinkLocalKeepsItsScope) {
  Call call;
  const SocketAddress link_a{IpAddress::v6({0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 3), 5000};
  const SocketAddress link_b{IpAddress::v6({0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}, 3), 6000};
  call.wire.open(call.a, {link_a, address("[2001:db8::1]:5001"), kA});
  call.wire.open(call.b, {link_b, address("[2001:db8::2]:6001"), kB});
  call.wire.connect_both();
  ASSERT_TRUE(call.wire.run_until([&] { return call.nominated(); }, seconds(1)));
  call.wire.run_for(seconds(2));
  call.expect_one_path();
  EXPECT_EQ(call.a.agent.selected_pair()->remote_address, link_b);
  ASSERT_EQ(call.a.agent.pairs().size(), 3U);
  for (const PairInfo& row : call.a.agent.pairs()) {
    EXPECT_EQ(row.pair.local_address.ip.is_v6(), row.pair.remote_address.ip.is_v6());
    EXPECT_EQ(row.pair.local_address.ip.is_link_local(), row.pair.remote_address.ip.is_link_local());
  }
}

TEST(IceAgent, ABetterPairReplacesTheFirstOneSoonAfterAndThenNoMore) {
  Call call;
  const SocketAddress slow_a = address("10.0.0.1:5000");
  // The preferred path answers later than the other one.
  bool slow_open = false;
  call.wire.passes = [&](const SocketAddress& from, const SocketAddress& to) {
    return slow_open || (from != slow_a && to != slow_a);
  };
  call.wire.open(call.a, {slow_a, address("10.0.1.1:5001")});
  call.wire.open(call.b, {kB});
  call.wire.connect_both();
  ASSERT_TRUE(call.wire.run_until([&] { return call.nominated(); }, seconds(1)));
  EXPECT_EQ(call.a.agent.selected_pair()->local_address, address("10.0.1.1:5001"));
  slow_open = true;
  call.wire.run_for(seconds(10));
  EXPECT_EQ(call.a.agent.selected_pair()->local_address, slow_a);
  call.expect_one_path();
  EXPECT_EQ(call.a.count<SelectedPairChanged>(), 2U);
  EXPECT_EQ(call.b.count<SelectedPairChanged>(), 2U);
}

TEST(IceAgent, ManyInterfacesSettleOnOnePathWithoutFlapping) {
  Call call;
  std::vector<SocketAddress> sockets_a;
  std::vector<SocketAddress> sockets_b;
  for (int i = 1; i <= 8; ++i) {
    sockets_a.push_back(address("10.0." + std::to_string(i) + ".1:5000"));
    sockets_b.push_back(address("10.0." + std::to_string(i) + ".2:6000"));
  }
  call.wire.open(call.a, sockets_a);
  call.wire.open(call.b, sockets_b);
  call.wire.connect_both();
  ASSERT_TRUE(call.wire.run_until([&] { return call.nominated(); }, seconds(1)));
  call.wire.run_for(seconds(5));
  call.expect_one_path();
  EXPECT_LE(call.a.count<SelectedPairChanged>(), 2U);
  EXPECT_LE(call.b.count<SelectedPairChanged>(), 2U);
  EXPECT_LE(call.a.agent.pairs().size(), Agent::kMaxPairs);
}

TEST(IceAgent, ChecksKeepThePaceAfterTheFirstBurst) {
  Call call;
  call.wire.passes = [](const SocketAddress&, const SocketAddress&) { return false; };
  call.a.trickles = call.b.trickles = false;
  call.wire.open(call.a, {kA});
  call.wire.open(call.b, {kB});
  call.wire.describe(call.b, call.a);
  for (std::uint16_t i = 0; i < 40; ++i) {
    Candidate candidate{.foundation = "1", .priority = 1000, .address = {kB.ip, static_cast<std::uint16_t>(7000 + i)}};
    ASSERT_TRUE(call.a.agent.add_remote_candidate(candidate, call.wire.now));
  }
  call.wire.drain();
  EXPECT_EQ(call.wire.datagrams, 5U);
  call.wire.run_for(milliseconds(499));
  EXPECT_EQ(call.wire.datagrams, 5U + 9U);
}

TEST(IceAgent, RepliesToALitePeerAndNominatesItsPair) {
  // A lite peer only answers (RFC 8445 §2.5).
  Peer a(Role::kControlled, 1);
  PacketPool pool;
  Timestamp now = Timestamp{} + seconds(1);
  ASSERT_TRUE(a.agent.add_local_socket(kA, 1, now));
  a.agent.set_remote_lite(now);
  const Credentials lite{"lite", "0123456789012345678901"};
  ASSERT_TRUE(a.agent.set_remote_credentials(lite, now));
  ASSERT_TRUE(a.agent.add_remote_candidate(Candidate{.foundation = "1", .priority = 9, .address = kB}, now));
  int nominations = 0;
  for (int i = 0; i < 3; ++i) {
    while (auto datagram = a.agent.poll_transmit()) {
      const auto request = stun::MessageView::parse(datagram->packet.bytes());
      ASSERT_TRUE(request && request->verify_integrity(as_bytes(lite.pwd)));
      EXPECT_TRUE(request->ice_controlling());
      nominations += request->use_candidate() ? 1 : 0;
      const Packet answer = build_success(pool, request->transaction_id(), kA, lite.pwd);
      a.agent.handle_input(kA, kB, answer.bytes(), now + milliseconds(1));
    }
  }
  EXPECT_EQ(nominations, 1);
  ASSERT_TRUE(a.agent.selected_pair());
  EXPECT_TRUE(a.agent.selected_pair()->nominated);
  EXPECT_EQ(a.agent.role(), Role::kControlling);
}

}  // namespace
}  // namespace tidewire::ice
