// What happens after the connection is made: consent, loss, recovery, restart; and what a hostile network can do.
#include <gtest/gtest.h>

#include "ice/agent_test_wire.h"

namespace tidewire::ice {
namespace {

const SocketAddress kA = address("10.0.0.1:5000");
const SocketAddress kA2 = address("10.0.1.1:5001");
const SocketAddress kB = address("10.0.0.2:6000");

class IceLife : public ::testing::Test {
 protected:
  void connect(std::vector<SocketAddress> sockets_a = {kA}) {
    wire.open(a, std::move(sockets_a));
    wire.open(b, {kB});
    wire.connect_both();
    ASSERT_TRUE(wire.run_until([&] { return nominated(); }, seconds(2)));
    wire.run_for(seconds(2));
    a.events.clear();
    b.events.clear();
  }
  bool nominated() const {
    return a.connected() && b.connected() && a.agent.selected_pair()->nominated && b.agent.selected_pair()->nominated;
  }
  void cut() {
    wire.passes = [](const SocketAddress&, const SocketAddress&) { return false; };
  }
  void mend() {
    wire.passes = [](const SocketAddress&, const SocketAddress&) { return true; };
  }

  Peer a{Role::kControlling, 1};
  Peer b{Role::kControlled, 2};
  Wire wire{a, b};
};

TEST_F(IceLife, ConsentIsAskedForAboutEveryFiveSeconds) {
  connect();
  const std::uint64_t before = a.agent.stats().consent_requests_sent;
  wire.run_for(seconds(600));
  const std::uint64_t asked = a.agent.stats().consent_requests_sent - before;
  EXPECT_GE(asked, 600U / 6);
  EXPECT_LE(asked, 600U / 4);
  EXPECT_TRUE(a.events.empty());
  EXPECT_TRUE(b.events.empty());
}

TEST_F(IceLife, SteadyStateAllocatesNoPacket) {
  connect();
  wire.run_for(seconds(60));
  const std::uint64_t before = a.pool.allocations();
  wire.run_for(seconds(600));
  EXPECT_EQ(a.pool.allocations(), before);
}

TEST_F(IceLife, ACutPathIsDisconnectedAfterSomeSecondsAndFailedAfterThirty) {
  connect();
  cut();
  const Timestamp start = wire.now;
  ASSERT_TRUE(wire.run_until([&] { return a.agent.state() == State::kDisconnected; }, seconds(12)));
  EXPECT_GE(wire.now - start, seconds(3));
  EXPECT_TRUE(a.agent.selected_pair());
  ASSERT_TRUE(wire.run_until([&] { return a.agent.state() == State::kFailed; }, seconds(31)));
  EXPECT_GE(wire.now - start, seconds(24));
  EXPECT_FALSE(a.agent.selected_pair());
  wire.run_for(seconds(10));
  EXPECT_EQ(b.agent.state(), State::kFailed);
  const auto* failed = std::get_if<StateChanged>(&a.events.back());
  ASSERT_TRUE(failed);
  EXPECT_NE(failed->reason.find("10.0.0.2:6000"), std::string::npos) << failed->reason;
  // RFC 7675 §5.1: nothing is sent any more, and what comes back later finds no consent.
  mend();
  const std::uint64_t sent = wire.datagrams;
  wire.run_for(seconds(60));
  EXPECT_EQ(wire.datagrams, sent);
}

TEST_F(IceLife, AnswersThatComeBackInTimeRestoreTheConnection) {
  connect();
  cut();
  ASSERT_TRUE(wire.run_until([&] { return a.agent.state() == State::kDisconnected; }, seconds(12)));
  wire.run_for(seconds(8));
  mend();
  ASSERT_TRUE(wire.run_until([&] { return nominated(); }, seconds(8)));
  wire.run_for(seconds(60));
  EXPECT_EQ(a.states(), (std::vector<State>{State::kDisconnected, State::kConnected}));
  EXPECT_EQ(a.count<SelectedPairChanged>(), 0U);
}

TEST_F(IceLife, AnotherPairTakesOverWhenTheSelectedOneDies) {
  connect({kA, kA2});
  ASSERT_EQ(a.agent.selected_pair()->local_address, kA);
  wire.passes = [](const SocketAddress& from, const SocketAddress& to) { return from != kA && to != kA; };
  ASSERT_TRUE(wire.run_until([&] { return a.agent.selected_pair()->local_address == kA2; }, seconds(15)));
  ASSERT_TRUE(wire.run_until([&] { return nominated(); }, seconds(15)));
  wire.run_for(seconds(60));
  EXPECT_EQ(b.agent.selected_pair()->remote_address, kA2);
  EXPECT_TRUE(a.connected() && b.connected());
}

TEST_F(IceLife, RestartKeepsTheOldPairUntilANewOneIsSelected) {
  connect();
  const Credentials old = a.agent.local_credentials();
  a.agent.restart({}, wire.now);
  EXPECT_NE(a.agent.local_credentials().ufrag, old.ufrag);
  ASSERT_TRUE(a.agent.selected_pair());
  // Signalling takes its time: the old pair lives on, in both directions.
  wire.run_for(seconds(20));
  EXPECT_TRUE(a.connected() && b.connected());
  EXPECT_EQ(a.agent.selected_pair()->remote_address, kB);
  b.agent.restart({}, wire.now);
  wire.connect_both();
  wire.run_for(seconds(2));
  ASSERT_TRUE(nominated());
  EXPECT_EQ(a.count<SelectedPairChanged>(), 1U);
  EXPECT_EQ(a.agent.selected_pair()->remote.ufrag, b.agent.local_credentials().ufrag);
  wire.run_for(seconds(60));
  EXPECT_TRUE(a.connected() && b.connected());
  EXPECT_EQ(a.count<StateChanged>(), 0U);
}

TEST_F(IceLife, RestartHealsAFailedConnection) {
  connect();
  cut();
  ASSERT_TRUE(wire.run_until([&] { return a.agent.state() == State::kFailed && b.agent.state() == State::kFailed; },
                             seconds(60)));
  mend();
  a.agent.restart({}, wire.now);
  b.agent.restart({}, wire.now);
  wire.drain();
  EXPECT_EQ(a.agent.state(), State::kChecking);
  wire.connect_both();
  EXPECT_TRUE(wire.run_until([&] { return nominated(); }, seconds(2)));
}

TEST_F(IceLife, WithoutAnyPathItFailsAndSaysSo) {
  cut();
  wire.open(a, {kA});
  wire.open(b, {kB});
  wire.connect_both();
  const Timestamp start = wire.now;
  ASSERT_TRUE(wire.run_until([&] { return a.agent.state() == State::kFailed; }, seconds(40)));
  EXPECT_GE(wire.now - start, seconds(15));
  // The peer turns up after all, with a candidate that was late.
  mend();
  ASSERT_TRUE(b.agent.add_remote_candidate(
      Candidate{.foundation = "9", .priority = 5, .address = address("10.9.9.9:99")}, wire.now));
  ASSERT_TRUE(a.agent.add_remote_candidate(
      Candidate{.foundation = "9", .priority = 5, .address = address("10.9.9.9:99")}, wire.now));
  wire.run_for(seconds(1));
  EXPECT_EQ(a.agent.state(), State::kChecking);
}

TEST_F(IceLife, WithNoCandidateAtAllItWaitsForThePeerAndThenFails) {
  a.trickles = b.trickles = false;
  wire.open(a, {kA});
  wire.describe(b, a);
  a.agent.end_of_remote_candidates(wire.now);
  const Timestamp start = wire.now;
  ASSERT_TRUE(wire.run_until([&] { return a.agent.state() == State::kFailed; }, seconds(60)));
  EXPECT_EQ(wire.now - start, seconds(15));
  // RFC 8863: a check that comes even later is welcome.
  wire.open(b, {kB});
  wire.describe(a, b);
  wire.send_candidates(a, b);
  EXPECT_TRUE(wire.run_until([&] { return nominated(); }, seconds(1)));
}

TEST_F(IceLife, CloseStopsEverything) {
  connect();
  a.agent.close(wire.now);
  a.agent.close(wire.now);
  EXPECT_EQ(a.agent.next_timeout(), kNever);
  EXPECT_FALSE(a.agent.selected_pair());
  EXPECT_FALSE(a.agent.add_local_socket(kA2, 1, wire.now));
  EXPECT_FALSE(a.agent.add_remote_candidate({}, wire.now));
  EXPECT_FALSE(a.agent.set_remote_credentials({"abcd", "0123456789012345678901"}, wire.now));
  wire.drain();
  EXPECT_EQ(a.states(), std::vector<State>{State::kClosed});
}

// --- Hostile input -----------------------------------------------------------------------------------------------

class IceHostile : public ::testing::Test {
 protected:
  IceHostile() {
    EXPECT_TRUE(agent.add_local_socket(kA, 1, now));
    EXPECT_TRUE(agent.set_remote_credentials(peer, now));
    while (agent.poll_transmit()) continue;
    while (agent.poll_event()) continue;
  }
  Packet check(std::string_view username, std::string_view pwd) {
    return build_check(pool, {.username = username, .remote_pwd = pwd, .role = Role::kControlling, .priority = 7});
  }
  std::uint16_t answered_code() {
    const auto datagram = agent.poll_transmit();
    if (!datagram) return 0;
    const auto message = stun::MessageView::parse(datagram->packet.bytes());
    return message && message->error_code() ? message->error_code()->code : std::uint16_t{200};
  }

  PacketPool pool;
  Timestamp now = Timestamp{} + seconds(1);
  Agent agent{{.role = Role::kControlled, .local = {"ours", "ourpassword0123456789xy"}},
              crypto::Random::from_test_seed(3),
              pool};
  Credentials peer{"peer", "peerpassword0123456789x"};
};

TEST_F(IceHostile, WrongCredentialsAreRefusedAndTeachNothing) {
  struct Case {
    const char* username;
    const char* pwd;
  };
  for (const Case& c : {Case{"ours:peer", "another"}, Case{"other:peer", "ourpassword0123456789xy"},
                        Case{"ours", "ourpassword0123456789xy"}, Case{"", "ourpassword0123456789xy"}}) {
    const Packet packet = check(c.username, c.pwd);
    agent.handle_input(kA, kB, packet.bytes(), now);
    EXPECT_EQ(answered_code(), 401) << c.username;
  }
  EXPECT_EQ(agent.stats().dropped_unauthenticated, 4U);
  EXPECT_TRUE(agent.remote_candidates().empty());
  EXPECT_FALSE(agent.poll_event());
}

TEST_F(IceHostile, ARequestWithoutCredentialsIsABadRequest) {
  const Packet packet = build_binding_request(pool, {});
  agent.handle_input(kA, kB, packet.bytes(), now);
  EXPECT_EQ(answered_code(), 400);
}

TEST_F(IceHostile, ErrorsAreAnsweredAtABoundedRate) {
  const Packet packet = build_binding_request(pool, {});
  for (int i = 0; i < 1000; ++i) agent.handle_input(kA, kB, packet.bytes(), now);
  int answers = 0;
  while (agent.poll_transmit()) ++answers;
  EXPECT_EQ(answers, 20);
}

TEST_F(IceHostile, UnknownAttributesAreNamedWhenTheyMustBeUnderstoodAndIgnoredElse) {
  for (const auto& [type, code] : {std::pair{0x7abc, 420}, {0xc057, 200}, {0xc070, 200}, {0xc071, 200}}) {
    Packet packet = pool.make();
    stun::MessageBuilder builder(packet, stun::MessageClass::kRequest, stun::Method::kBinding, {});
    builder.add_text(stun::AttributeType::kUsername, "ours:peer");
    builder.add_u32(stun::AttributeType::kPriority, 7);
    builder.add_u32(static_cast<stun::AttributeType>(type), 1);
    builder.add_integrity(as_bytes("ourpassword0123456789xy"));
    builder.add_fingerprint();
    ASSERT_TRUE(builder.finish());
    agent.handle_input(kA, kB, packet.bytes(), now);
    EXPECT_EQ(answered_code(), code) << type;
    while (agent.poll_transmit()) continue;
  }
}

TEST_F(IceHostile, AFloodOfPeerReflexiveAddressesIsBounded) {
  const Packet packet = check("ours:peer", "ourpassword0123456789xy");
  for (std::uint16_t port = 1; port < 5000; ++port) {
    agent.handle_input(kA, {kB.ip, port}, packet.bytes(), now);
  }
  EXPECT_EQ(agent.remote_candidates().size(), Agent::kMaxPeerReflexive);
  EXPECT_LE(agent.pairs().size(), Agent::kMaxPairs);
  EXPECT_GT(agent.stats().dropped_table_full, 0U);
}

TEST_F(IceHostile, CheckOfAnotherGenerationIsAnsweredButTeachesNothing) {
  const Packet packet = check("ours:elder", "ourpassword0123456789xy");
  agent.handle_input(kA, kB, packet.bytes(), now);
  EXPECT_EQ(answered_code(), 200);
  EXPECT_TRUE(agent.remote_candidates().empty());
}

TEST_F(IceHostile, ForgedResponsesDoNotMakeAPairValid) {
  ASSERT_TRUE(agent.add_remote_candidate(Candidate{.foundation = "1", .priority = 9, .address = kB}, now));
  const auto sent = agent.poll_transmit();
  ASSERT_TRUE(sent);
  const auto id = stun::MessageView::parse(sent->packet.bytes())->transaction_id();
  const Packet wrong_key = build_success(pool, id, kA, "guess");
  agent.handle_input(kA, kB, wrong_key.bytes(), now);
  EXPECT_EQ(agent.state(), State::kChecking);
  const Packet wrong_id = build_success(pool, {}, kA, peer.pwd);
  agent.handle_input(kA, kB, wrong_id.bytes(), now);
  EXPECT_EQ(agent.state(), State::kChecking);
  const Packet unsigned_error = build_error(pool, id, stun::ErrorNumber::kUnauthenticated, std::nullopt);
  agent.handle_input(kA, kB, unsigned_error.bytes(), now);
  EXPECT_EQ(agent.pairs().at(0).state, PairState::kInProgress);
  // The right one is accepted afterwards.
  const Packet right = build_success(pool, id, kA, peer.pwd);
  agent.handle_input(kA, kB, right.bytes(), now);
  EXPECT_EQ(agent.state(), State::kConnected);
}

TEST_F(IceHostile, AnAnswerFromElsewhereFailsThePair) {
  ASSERT_TRUE(agent.add_remote_candidate(Candidate{.foundation = "1", .priority = 9, .address = kB}, now));
  const auto id = stun::MessageView::parse(agent.poll_transmit()->packet.bytes())->transaction_id();
  const Packet answer = build_success(pool, id, kA, peer.pwd);
  agent.handle_input(kA, address("10.0.0.66:6000"), answer.bytes(), now);
  EXPECT_EQ(agent.pairs().at(0).state, PairState::kFailed);
  EXPECT_FALSE(agent.selected_pair());
}

TEST_F(IceHostile, GarbageOfEveryLengthChangesNothing) {
  auto random = crypto::Random::from_test_seed(99);
  const Packet good = check("ours:peer", "ourpassword0123456789xy");
  // Not the last 8 bytes: a message without FINGERPRINT is as good, its integrity vouches for it.
  for (std::size_t size = 0; size < good.size() - 8; ++size) {
    agent.handle_input(kA, kB, good.bytes().first(size), now);
    Bytes garbled(good.bytes().begin(), good.bytes().end());
    garbled[size] = static_cast<std::uint8_t>(garbled[size] + 1 + random.below(255));
    agent.handle_input(kA, kB, garbled, now);
    Bytes noise(size);
    random.fill(noise);
    agent.handle_input(kA, kB, noise, now);
  }
  EXPECT_FALSE(agent.poll_event());
  EXPECT_TRUE(agent.remote_candidates().empty());
  EXPECT_GE(agent.stats().dropped_malformed, 2 * (good.size() - 8));
}

TEST_F(IceHostile, OutputThatNobodyFetchesIsBounded) {
  const Packet packet = check("ours:peer", "ourpassword0123456789xy");
  for (int i = 0; i < 1000; ++i) agent.handle_input(kA, kB, packet.bytes(), now);
  std::size_t waiting = 0;
  while (agent.poll_transmit()) ++waiting;
  EXPECT_EQ(waiting, Agent::kMaxTransmits);
}

TEST(IceAgentApi, RefusesMisuseWithAReason) {
  PacketPool pool;
  Agent agent({}, crypto::Random::from_test_seed(1), pool);
  const Timestamp now{};
  EXPECT_EQ(agent.local_credentials().ufrag.size(), 4U);
  EXPECT_EQ(agent.local_credentials().pwd.size(), 24U);
  EXPECT_EQ(agent.add_local_socket(address("0.0.0.0:1"), 1, now).error().code, ErrorCode::kType);
  EXPECT_TRUE(agent.add_local_socket(kA, 1, now));
  EXPECT_EQ(agent.add_local_socket(kA, 1, now).error().code, ErrorCode::kOperation);
  EXPECT_EQ(agent.set_remote_credentials({"abc", "0123456789012345678901"}, now).error().code, ErrorCode::kSyntax);
  EXPECT_EQ(agent.set_remote_credentials({"abcd", "short"}, now).error().code, ErrorCode::kSyntax);
  EXPECT_TRUE(agent.set_remote_credentials({"abcd", "0123456789012345678901"}, now));
  EXPECT_TRUE(agent.set_remote_credentials({"abcd", "0123456789012345678901"}, now));
  EXPECT_EQ(agent.set_remote_credentials({"abce", "0123456789012345678901"}, now).error().code,
            ErrorCode::kInvalidState);
  EXPECT_EQ(agent.set_role(Role::kControlled, now).error().code, ErrorCode::kInvalidState);
  agent.end_of_local_sockets(now);
  EXPECT_TRUE(agent.add_local_socket(kA2, 1, now));  // the network may change at any time
  for (std::uint16_t port = 100; port < 100 + Agent::kMaxRemoteCandidates; ++port) {
    EXPECT_TRUE(agent.add_remote_candidate(Candidate{.foundation = "1", .address = {kB.ip, port}}, now));
  }
  EXPECT_EQ(agent.add_remote_candidate(Candidate{.foundation = "1", .address = kB}, now).error().code,
            ErrorCode::kOperation);
}

TEST(IceAgentApi, CandidatesThatAreNotForUsAreSkipped) {
  PacketPool pool;
  Agent agent({}, crypto::Random::from_test_seed(1), pool);
  const Timestamp now{};
  ASSERT_TRUE(agent.add_local_socket(kA, 1, now));
  ASSERT_TRUE(agent.set_remote_credentials({"abcd", "0123456789012345678901"}, now));
  for (const char* text : {"candidate:1 2 udp 1 10.0.0.2 5000 typ host",                 // RTCP
                           "candidate:1 1 tcp 1 10.0.0.2 9 typ host tcptype active",     // TCP
                           "candidate:1 1 udp 1 10.0.0.2 9 typ host",                    // no port
                           "candidate:1 1 udp 1 10.0.0.2 0 typ host",                    // no port
                           "candidate:1 1 udp 1 0.0.0.0 5000 typ host",                  // nowhere
                           "candidate:1 1 udp 1 224.0.0.1 5000 typ host",                // everybody
                           "candidate:1 1 udp 1 example.org 5000 typ host",              // not .local
                           "candidate:1 1 udp 1 10.0.0.2 5000 typ host ufrag elder"}) {  // another generation
    EXPECT_TRUE(agent.add_remote_candidate(parse_candidate(text).value(), now)) << text;
  }
  EXPECT_TRUE(agent.remote_candidates().empty());
  EXPECT_TRUE(agent.pairs().empty());
}

}  // namespace
}  // namespace tidewire::ice
