// Too much of everything, and calls that make no sense: bounded, counted, harmless.
#include <gtest/gtest.h>

#include <deque>

#include "ice/agent_test_wire.h"

namespace tidewire::ice {
namespace {

const SocketAddress kA = address("10.0.0.1:5000");
const SocketAddress kB = address("10.0.0.2:6000");
const Credentials kPeer{"peer", "peerpassword0123456789x"};

Candidate remote(const SocketAddress& at, std::uint32_t priority = 1000) {
  return {.foundation = "1", .priority = priority, .address = at};
}

class IceBounds : public ::testing::Test {
 protected:
  Peer a{Role::kControlling, 1};
  Timestamp now = Timestamp{} + seconds(1);
};

TEST_F(IceBounds, TenThousandCandidatesOfAPeer) {
  for (std::uint16_t i = 0; i < 8; ++i) {
    ASSERT_TRUE(a.agent.add_local_socket(SocketAddress(kA.ip, static_cast<std::uint16_t>(100 + i)), i, now));
  }
  ASSERT_TRUE(a.agent.set_remote_credentials(kPeer, now));
  std::size_t refused = 0;
  for (std::uint32_t i = 0; i < 10000; ++i) {
    const SocketAddress at{IpAddress::v4({10, 1, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)}), 99};
    refused += a.agent.add_remote_candidate(remote(at, i), now) ? 0U : 1U;
  }
  EXPECT_EQ(refused, 10000U - Agent::kMaxRemoteCandidates);
  EXPECT_EQ(a.agent.remote_candidates().size(), Agent::kMaxRemoteCandidates);
  EXPECT_EQ(a.agent.pairs().size(), Agent::kMaxPairs);
  std::size_t waiting = 0;
  while (a.agent.poll_transmit()) ++waiting;
  EXPECT_EQ(waiting, 5U);  // the pacer's burst
}

TEST_F(IceBounds, ALongCallForgetsTheOldestAddressesOfItsPeer) {
  Peer b{Role::kControlled, 2};
  Wire wire(a, b);
  wire.open(a, {kA});
  wire.open(b, {kB});
  wire.connect_both();
  ASSERT_TRUE(wire.run_until([&] { return a.connected() && a.agent.selected_pair()->nominated; }, seconds(2)));
  for (std::uint32_t i = 0; i < 10000; ++i) {
    const SocketAddress at{IpAddress::v4({10, 1, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)}), 99};
    ASSERT_TRUE(a.agent.add_remote_candidate(remote(at, i), wire.now));
  }
  wire.drain();
  EXPECT_EQ(a.agent.remote_candidates().size(), Agent::kMaxRemoteCandidates);
  EXPECT_LE(a.agent.pairs().size(), Agent::kMaxPairs);
  ASSERT_TRUE(a.agent.selected_pair());
  EXPECT_EQ(a.agent.selected_pair()->remote_address, kB);
  EXPECT_EQ(a.agent.remote_candidates().front().address, kB);
  EXPECT_EQ(a.agent.remote_candidates().back().address, address("10.1.39.15:99"));
  wire.run_for(seconds(60));
  EXPECT_TRUE(a.connected());
}

TEST_F(IceBounds, AFailedPairGivesWayToANewOneOfAnyPriority) {
  Timing timing;
  timing.overall_limit = timing.patience = seconds(1000);
  Peer patient(AgentConfig{.timing = timing}, 1);
  Peer silent(Role::kControlled, 2);
  Wire wire(patient, silent);
  for (std::uint16_t i = 0; i < 10; ++i) {
    ASSERT_TRUE(patient.agent.add_local_socket(SocketAddress(kA.ip, static_cast<std::uint16_t>(100 + i)), i, wire.now));
  }
  ASSERT_TRUE(patient.agent.set_remote_credentials(kPeer, wire.now));
  for (std::uint16_t i = 0; i < 10; ++i) {
    const SocketAddress at{kB.ip, static_cast<std::uint16_t>(1000 + i)};
    ASSERT_TRUE(patient.agent.add_remote_candidate(remote(at, 1000), wire.now));
  }
  ASSERT_EQ(patient.agent.pairs().size(), Agent::kMaxPairs);
  wire.run_for(seconds(500));
  ASSERT_TRUE(patient.agent.add_remote_candidate(remote(kB, 1), wire.now));
  const auto rows = patient.agent.pairs();
  EXPECT_EQ(std::count_if(rows.begin(), rows.end(), [](const PairInfo& row) { return row.pair.remote_address == kB; }),
            10);
  EXPECT_EQ(rows.size(), Agent::kMaxPairs);
}

TEST_F(IceBounds, TenThousandNamesOfAPeer) {
  ASSERT_TRUE(a.agent.add_local_socket(kA, 1, now));
  std::size_t refused = 0;
  for (int i = 0; i < 10000; ++i) {
    Candidate candidate = remote(kB);
    candidate.host_name = std::to_string(i) + ".local";
    refused += a.agent.add_remote_candidate(candidate, now) ? 0U : 1U;
  }
  EXPECT_EQ(refused, 10000U - Agent::kMaxUnresolvedCandidates);
  a.agent.remote_name_resolved("nobody.local", kB.ip, now);
  a.agent.remote_name_resolved("1.local", *IpAddress::parse("224.0.0.1"), now);
  EXPECT_TRUE(a.agent.remote_candidates().empty());
  a.agent.remote_name_resolved("2.local", kB.ip, now);
  EXPECT_EQ(a.agent.remote_candidates().size(), 1U);
}

TEST_F(IceBounds, CandidatesAtAddressesThatNobodyHas) {
  ASSERT_TRUE(a.agent.add_local_socket(kA, 1, now));
  ASSERT_TRUE(a.agent.set_remote_credentials(kPeer, now));
  for (const char* at : {"0.0.0.0:5000", "224.0.0.251:5353", "239.1.2.3:5000", "10.0.0.2:0", "10.0.0.2:9", "[::]:5000",
                         "[ff02::1]:5000", "[::ffff:224.0.0.1]:5000", "255.255.255.255:5000"}) {
    EXPECT_TRUE(a.agent.add_remote_candidate(remote(address(at)), now)) << at;
    EXPECT_TRUE(a.agent.pairs().empty()) << at;
    Candidate tcp = remote(address(at));
    tcp.protocol = Protocol::kTcp;
    tcp.tcp_type = TcpType::kPassive;
    EXPECT_TRUE(a.agent.add_remote_candidate(tcp, now)) << at;
    EXPECT_TRUE(a.agent.remote_candidates().empty()) << at;
  }
  EXPECT_TRUE(a.agent.remote_candidates().empty());
  EXPECT_FALSE(a.agent.poll_transmit());
}

TEST_F(IceBounds, LoopbackIsReachedFromLoopbackOnly) {
  ASSERT_TRUE(a.agent.add_local_socket(kA, 2, now));
  ASSERT_TRUE(a.agent.add_local_socket(address("127.0.0.1:5000"), 1, now));
  ASSERT_TRUE(a.agent.set_remote_credentials(kPeer, now));
  ASSERT_TRUE(a.agent.add_remote_candidate(remote(address("127.0.0.1:6000")), now));
  ASSERT_TRUE(a.agent.add_remote_candidate(remote(kB), now));
  for (const PairInfo& row : a.agent.pairs()) {
    EXPECT_EQ(row.pair.local_address.ip.is_loopback(), row.pair.remote_address.ip.is_loopback());
  }
  EXPECT_EQ(a.agent.pairs().size(), 2U);
}

TEST_F(IceBounds, WhatComesToASocketThatIsGoneIsDropped) {
  ASSERT_TRUE(a.agent.add_local_socket(kA, 1, now));
  ASSERT_TRUE(a.agent.set_remote_credentials(kPeer, now));
  const std::string username = a.agent.local_credentials().ufrag + ":peer";
  const Packet packet = build_check(
      a.pool,
      {.username = username, .remote_pwd = a.agent.local_credentials().pwd, .role = Role::kControlled, .priority = 7});
  a.agent.remove_local(kA, now);
  a.agent.remove_local(kA, now);
  a.agent.remove_local(kB, now);
  a.agent.handle_input(kA, kB, packet.bytes(), now);
  EXPECT_EQ(a.agent.stats().dropped_unmatched, 1U);
  EXPECT_FALSE(a.agent.poll_transmit());
  EXPECT_TRUE(a.agent.remote_candidates().empty());
  EXPECT_TRUE(a.agent.local_candidates().empty());
  // The same socket again is a new one.
  ASSERT_TRUE(a.agent.add_local_socket(kA, 1, now));
  a.agent.handle_input(kA, kB, packet.bytes(), now);
  EXPECT_TRUE(a.agent.poll_transmit());
  EXPECT_EQ(a.agent.pairs().size(), 1U);
}

TEST_F(IceBounds, AnAnswerToARequestOfASocketThatIsGoneIsDropped) {
  ASSERT_TRUE(a.agent.add_local_socket(kA, 1, now));
  ASSERT_TRUE(a.agent.set_remote_credentials(kPeer, now));
  ASSERT_TRUE(a.agent.add_remote_candidate(remote(kB), now));
  const auto sent = a.agent.poll_transmit();
  ASSERT_TRUE(sent);
  a.agent.remove_local(kA, now);
  ASSERT_TRUE(a.agent.add_local_socket(kA, 1, now));
  while (a.agent.poll_transmit()) continue;
  const auto id = stun::MessageView::parse(sent->packet.bytes())->transaction_id();
  const Packet answer = build_success(a.pool, id, kA, kPeer.pwd);
  a.agent.handle_input(kA, kB, answer.bytes(), now);
  EXPECT_FALSE(a.agent.selected_pair());
  EXPECT_EQ(a.agent.stats().dropped_unmatched, 1U);
}

TEST_F(IceBounds, CallsAfterTheEndDoNothing) {
  ASSERT_TRUE(a.agent.add_local_socket(kA, 1, now));
  ASSERT_TRUE(a.agent.add_tcp_listener({.bound = kA}, now));
  const auto stream = a.agent.stream_accepted(kA, kB, now);
  ASSERT_TRUE(stream);
  a.agent.close(now);
  while (a.agent.poll_event()) continue;
  while (a.agent.poll_transmit()) continue;
  const auto closed = [](const auto& result) { return !result && result.error().code == ErrorCode::kInvalidState; };
  EXPECT_TRUE(closed(a.agent.add_local_socket(kB, 1, now)));
  EXPECT_TRUE(closed(a.agent.add_tcp_listener({.bound = kB}, now)));
  EXPECT_TRUE(closed(a.agent.add_tcp_active({.bound = kB, .preference = 1}, now)));
  EXPECT_TRUE(closed(a.agent.add_local_relay(kB, kA, 1, now)));
  EXPECT_TRUE(closed(a.agent.add_stun_server(kB, now)));
  EXPECT_TRUE(closed(a.agent.stream_accepted(kA, kB, now)));
  EXPECT_TRUE(closed(a.agent.set_remote_credentials(kPeer, now)));
  EXPECT_TRUE(closed(a.agent.add_remote_candidate(remote(kB), now)));
  EXPECT_TRUE(closed(a.agent.set_role(Role::kControlled, now)));
  a.agent.set_remote_lite(now);
  a.agent.remove_local(kA, now);
  a.agent.add_server_reflexive(kA, kB, kB, now);
  a.agent.end_of_local_sockets(now);
  a.agent.end_of_remote_candidates(now);
  a.agent.remote_name_resolved("a.local", kB.ip, now);
  a.agent.stream_opened(*stream, kA, now);
  a.agent.stream_closed(*stream, now);
  a.agent.restart({}, now);
  a.agent.handle_timeout(now + seconds(100));
  a.agent.note_packet({kA, kB, {}}, now);
  a.agent.handle_input(kA, kB, Bytes(20), now);
  EXPECT_EQ(a.agent.next_timeout(), kNever);
  EXPECT_EQ(a.agent.state(), State::kClosed);
  EXPECT_FALSE(a.agent.poll_event());
  EXPECT_FALSE(a.agent.poll_transmit());
}

TEST_F(IceBounds, ServersBeyondTheLimitAreRefused) {
  for (std::uint16_t i = 0; i < Agent::kMaxStunServers; ++i) {
    EXPECT_TRUE(a.agent.add_stun_server(SocketAddress(kB.ip, static_cast<std::uint16_t>(i + 1)), now));
  }
  EXPECT_EQ(a.agent.add_stun_server(kB, now).error().code, ErrorCode::kOperation);
}

// RFC 8445 §14.2: new checks and new queries share one pace. Repetitions of old ones are not counted.
TEST_F(IceBounds, NewChecksKeepThePaceWhateverThereIsToCheck) {
  const Timing timing;
  Peer many(AgentConfig{.stun_servers = {address("10.9.9.9:3478")}}, 1);
  for (std::uint16_t i = 0; i < 10; ++i) {
    ASSERT_TRUE(many.agent.add_local_socket(SocketAddress(kA.ip, static_cast<std::uint16_t>(100 + i)), i, now));
  }
  ASSERT_TRUE(many.agent.set_remote_credentials(kPeer, now));
  for (std::uint16_t i = 0; i < 60; ++i) {
    const SocketAddress at{kB.ip, static_cast<std::uint16_t>(1000 + i)};
    ASSERT_TRUE(many.agent.add_remote_candidate(remote(at, 1000U + i), now));
  }
  EXPECT_EQ(many.agent.pairs().size(), Agent::kMaxPairs);
  std::map<stun::TransactionId, Timestamp> first_sent;
  std::deque<Timestamp> last_second;
  std::size_t most = 0;
  std::size_t all = 0;
  const Timestamp end = now + seconds(30);
  while (now < end) {
    many.agent.handle_timeout(now);
    while (auto datagram = many.agent.poll_transmit()) {
      ++all;
      const auto id = stun::MessageView::parse(datagram->packet.bytes())->transaction_id();
      if (first_sent.try_emplace(id, now).second) last_second.push_back(now);
    }
    while (!last_second.empty() && last_second.front() <= now - seconds(1)) last_second.pop_front();
    most = std::max(most, last_second.size());
    now = std::max(many.agent.next_timeout(), now + milliseconds(1));
  }
  const auto budget = static_cast<std::size_t>(seconds(1) / timing.pacing + timing.pacing_burst);
  EXPECT_LE(most, budget);
  EXPECT_GE(first_sent.size(), Agent::kMaxPairs);
  // RFC 8445 §14.3: the RTO grows with the number of checks, so that repetitions keep the pace as well, about.
  EXPECT_LE(all, 2U * 30U * static_cast<std::size_t>(seconds(1) / timing.pacing));
}

}  // namespace
}  // namespace tidewire::ice
