// TCP allocations (RFC 6062).
#include "turn/server_for_test.h"

namespace tidewire::turn {
namespace {

using stun::AttributeType;
using stun::MessageClass;
using stun::Method;

class TurnServerTcp : public ::testing::Test {
 protected:
  explicit TurnServerTcp(const ServerConfig& config = test_config()) : bench_(config) {}

  static Fill to(const SocketAddress& peer) {
    return [peer](stun::MessageBuilder& builder) { builder.add_xor_address(AttributeType::kXorPeerAddress, peer); };
  }
  static Fill of(std::uint32_t id) {
    return [id](stun::MessageBuilder& builder) { builder.add_u32(AttributeType::kConnectionId, id); };
  }
  static std::uint32_t connection_id(const Answer& answer) {
    return answer.message().find_u32(AttributeType::kConnectionId).value_or(0);
  }
  SocketAddress allocate() { return bench_.allocate(client_, ServerBench::tcp); }
  // Sends a Connect, which is answered later.
  ConnectPeer connect(const TestClient& client, const SocketAddress& peer) {
    const std::size_t before = bench_.connects.size();
    EXPECT_FALSE(bench_.ask(client, Method::kConnect, to(peer)));
    EXPECT_EQ(bench_.connects.size(), before + 1);
    return bench_.connects.empty() ? ConnectPeer{} : bench_.connects.back();
  }
  std::uint32_t connected(const TestClient& client, const SocketAddress& peer) {
    const ConnectPeer wanted = connect(client, peer);
    bench_.server.peer_connected(wanted.id, bench_.now);
    const auto answers = bench_.drain();
    EXPECT_EQ(answers.size(), 1U);
    return wanted.id.value();
  }
  TestClient data_client(std::uint32_t stream, std::string name = "alice", std::string password = "wonderland") {
    TestClient client{.address = {client_.address.ip, static_cast<std::uint16_t>(41000 + stream)},
                      .username = std::move(name),
                      .password = std::move(password),
                      .stream = StreamId(stream)};
    bench_.challenge(client);
    return client;
  }
  std::size_t connections() { return bench_.server.stats().connections; }

  ServerBench bench_;
  TestClient client_{.stream = StreamId(1)};
};

TEST_F(TurnServerTcp, OpensAPortThatListens) {
  const SocketAddress relayed = allocate();
  EXPECT_EQ(bench_.tcp_opened, std::vector{relayed});
  EXPECT_TRUE(bench_.opened.empty());
  EXPECT_EQ(bench_.refresh(client_, 0), 0);
  EXPECT_EQ(bench_.tcp_closed, std::vector{relayed});
  EXPECT_TRUE(bench_.closed.empty());
}

TEST_F(TurnServerTcp, OpensOneOfEachFamily) {
  const Fill both = [](stun::MessageBuilder& builder) {
    ServerBench::tcp(builder);
    builder.add_u32(AttributeType::kAdditionalAddressFamily, 2U << 24);
  };
  bench_.allocate(client_, both);
  ASSERT_EQ(bench_.tcp_opened.size(), 2U);
  EXPECT_TRUE(connect(client_, kPeer).from.ip.is_v4());
  EXPECT_TRUE(connect(client_, address("[2001:db8:7::7]:5000")).from.ip.is_v6());
  // Each goes with its family.
  EXPECT_EQ(bench_.code(client_, Method::kRefresh,
                        [](stun::MessageBuilder& builder) {
                          builder.add_u32(AttributeType::kLifetime, 0);
                          builder.add_u32(AttributeType::kRequestedAddressFamily, 2U << 24);
                        }),
            0);
  EXPECT_EQ(bench_.peers_closed, std::vector{bench_.connects[1].id});
  EXPECT_EQ(bench_.code(client_, Method::kConnect, to(address("[2001:db8:7::8]:5000"))), 443);
}

TEST_F(TurnServerTcp, TriesAnotherPortWhenOneIsTaken) {
  bench_.open_relays = false;
  bench_.challenge(client_);
  EXPECT_FALSE(bench_.ask(client_, Method::kAllocate, ServerBench::tcp));
  ASSERT_EQ(bench_.tcp_opened.size(), 1U);
  bench_.server.relay_failed(bench_.tcp_opened[0], bench_.now);
  bench_.drain();
  ASSERT_EQ(bench_.tcp_opened.size(), 2U);
  bench_.server.relay_opened(bench_.tcp_opened[1], bench_.now);
  EXPECT_EQ(bench_.drain().size(), 1U);
}

TEST_F(TurnServerTcp, RefusesWhatBelongsToUdp) {
  struct Case {
    const char* name;
    Fill fill;
  };
  const std::vector<Case> cases{
      {"EVEN-PORT", [](stun::MessageBuilder& b) { b.add(AttributeType::kEvenPort, Bytes{0}); }},
      {"RESERVATION-TOKEN", [](stun::MessageBuilder& b) { b.add_u64(AttributeType::kReservationToken, 1); }},
      {"DONT-FRAGMENT", [](stun::MessageBuilder& b) { b.add_flag(AttributeType::kDontFragment); }},
  };
  ServerConfig config = test_config();
  config.relays_set_dont_fragment = true;
  ServerBench bench(config);
  bench.challenge(client_);
  for (const Case& one : cases) {
    EXPECT_EQ(bench.code(client_, Method::kAllocate,
                         [&](stun::MessageBuilder& builder) {
                           ServerBench::tcp(builder);
                           one.fill(builder);
                         }),
              400)
        << one.name;
  }
  TestClient over_udp;
  bench.challenge(over_udp);
  EXPECT_EQ(bench.code(over_udp, Method::kAllocate, ServerBench::tcp), 400);
}

TEST_F(TurnServerTcp, CarriesNoDatagrams) {
  const SocketAddress relayed = allocate();
  EXPECT_EQ(bench_.permit(client_, {kPeer}), 0);
  EXPECT_EQ(bench_.bind(client_, 0x4000, kPeer), 400);
  EXPECT_TRUE(bench_.send_indication(client_, kPeer, "x").empty());
  EXPECT_TRUE(bench_.from_peer(relayed, kPeer, "x").empty());
}

TEST_F(TurnServerTcp, ConnectsFromTheRelayedPort) {
  const SocketAddress relayed = allocate();
  const ConnectPeer wanted = connect(client_, kPeer);
  EXPECT_EQ(wanted.from, relayed);
  EXPECT_EQ(wanted.to, kPeer);
  bench_.server.peer_connected(wanted.id, bench_.now);
  auto answers = bench_.drain();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].stream, client_.stream);
  const Answer answer{std::move(answers[0])};
  EXPECT_TRUE(answer.message().is(MessageClass::kSuccess, Method::kConnect));
  EXPECT_TRUE(answer.message().has_integrity());
  EXPECT_EQ(connection_id(answer), wanted.id.value());
  bench_.server.peer_connected(wanted.id, bench_.now);
  EXPECT_TRUE(bench_.drain().empty()) << "answered once";
}

TEST_F(TurnServerTcp, RefusesAConnect) {
  EXPECT_EQ((bench_.challenge(client_), bench_.code(client_, Method::kConnect, to(kPeer))), 437);
  const SocketAddress relayed = allocate();
  const std::vector<std::pair<const char*, int>> cases{
      {"192.0.2.1:3478", 403},                                   // a listening port
      {"192.0.2.1:80", 403},                                     // another port of this host
      {"127.0.0.1:80", 403},                                     // loopback
      {"10.0.0.1:80", 403},                                      // private
      {"169.254.169.254:80", 403},                               // metadata
      {"198.51.100.7:0", 403},     {"[2001:db8:7::7]:80", 443},  // the other family
  };
  for (const auto& [peer, code] : cases) {
    EXPECT_EQ(bench_.code(client_, Method::kConnect, to(address(peer))), code) << peer;
  }
  EXPECT_EQ(bench_.code(client_, Method::kConnect, to(relayed)), 403) << "itself";
  EXPECT_EQ(bench_.code(client_, Method::kConnect), 400);
  TestClient bob = data_client(1, "bob", "builder");
  bob.address = client_.address;
  bob.nonce = client_.nonce;
  EXPECT_EQ(bench_.code(bob, Method::kConnect, to(kPeer)), 441);
  EXPECT_TRUE(bench_.connects.empty());
  EXPECT_EQ(bench_.server.stats().errors.of(stun::ErrorNumber::kForbidden), 7U);
}

TEST_F(TurnServerTcp, AConnectNeedsATcpAllocation) {
  bench_.allocate(client_);
  EXPECT_EQ(bench_.code(client_, Method::kConnect, to(kPeer)), 437);
}

TEST_F(TurnServerTcp, ConnectsToAPeerOnceAtATime) {
  allocate();
  const ConnectPeer wanted = connect(client_, kPeer);
  EXPECT_EQ(bench_.code(client_, Method::kConnect, to(kPeer)), 446) << "under way";
  bench_.server.peer_connected(wanted.id, bench_.now);
  bench_.drain();
  EXPECT_EQ(bench_.code(client_, Method::kConnect, to(kPeer)), 446) << "waits for its client";
  EXPECT_EQ(bench_.code(data_client(2), Method::kConnectionBind, of(wanted.id.value())), 0);
  EXPECT_EQ(bench_.code(client_, Method::kConnect, to(kPeer)), 446) << "at work";
  connect(client_, kOtherPeer);
  bench_.server.peer_closed(wanted.id, bench_.now);
  connect(client_, kPeer);
  EXPECT_EQ(bench_.server.stats().errors.of(stun::ErrorNumber::kConnectionAlreadyExists), 3U);
}

TEST_F(TurnServerTcp, TellsOfAFailedConnect) {
  allocate();
  const ConnectPeer wanted = connect(client_, kPeer);
  bench_.server.peer_connect_failed(wanted.id, bench_.now);
  const auto answers = bench_.drain();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(stun::MessageView::parse(answers[0].packet.bytes())->error_code()->code, 447);
  EXPECT_TRUE(bench_.peers_closed.empty()) << "there is nothing to close";
  EXPECT_EQ(connections(), 0U);
}

TEST_F(TurnServerTcp, GivesAConnectUpAfterThirtySeconds) {
  allocate();
  const ConnectPeer wanted = connect(client_, kPeer);
  EXPECT_EQ(bench_.server.next_timeout(), bench_.now + std::chrono::seconds(30));
  bench_.run_for(std::chrono::seconds(30));
  EXPECT_EQ(bench_.peers_closed, std::vector{wanted.id});
  const auto answers = bench_.drain();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(stun::MessageView::parse(answers[0].packet.bytes())->error_code()->code, 447);
  bench_.server.peer_connected(wanted.id, bench_.now);
  EXPECT_TRUE(bench_.drain().empty()) << "too late";
}

TEST_F(TurnServerTcp, ClosesAPeerThatNobodyAsksForInThirtySeconds) {
  allocate();
  const ConnectPeer wanted = connect(client_, kPeer);
  bench_.run_for(std::chrono::seconds(20));
  bench_.server.peer_connected(wanted.id, bench_.now);
  bench_.drain();
  bench_.run_for(std::chrono::seconds(29));
  EXPECT_TRUE(bench_.peers_closed.empty());
  bench_.run_for(std::chrono::seconds(1));
  EXPECT_EQ(bench_.peers_closed, std::vector{wanted.id});
  EXPECT_EQ(bench_.code(data_client(2), Method::kConnectionBind, of(wanted.id.value())), 400);
}

TEST_F(TurnServerTcp, AnnouncesAPermittedPeer) {
  const SocketAddress relayed = allocate();
  EXPECT_FALSE(bench_.server.peer_accepted(relayed, kPeer, bench_.now));
  EXPECT_EQ(bench_.permit(client_, {kPeer}), 0);
  const auto id = bench_.server.peer_accepted(relayed, kPeer, bench_.now);
  ASSERT_TRUE(id);
  auto out = bench_.drain();
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].stream, client_.stream);
  const Answer attempt{std::move(out[0])};
  EXPECT_TRUE(attempt.message().is(MessageClass::kIndication, Method::kConnectionAttempt));
  EXPECT_EQ(connection_id(attempt), id->value());
  EXPECT_EQ(attempt.message().find_xor_address(AttributeType::kXorPeerAddress), kPeer);
  EXPECT_FALSE(bench_.server.peer_accepted(relayed, kOtherPeer, bench_.now));
  EXPECT_FALSE(
      bench_.server.peer_accepted({relayed.ip, static_cast<std::uint16_t>(relayed.port ^ 1)}, kPeer, bench_.now));
  bench_.run_for(std::chrono::seconds(30));
  EXPECT_EQ(bench_.peers_closed, std::vector{*id});
  bench_.run_for(std::chrono::minutes(5));
  EXPECT_FALSE(bench_.server.peer_accepted(relayed, kPeer, bench_.now)) << "the permission has run out";
}

TEST_F(TurnServerTcp, SplicesWithAConnectionOfTheSameUser) {
  allocate();
  const std::uint32_t id = connected(client_, kPeer);
  const TestClient data = data_client(2);
  const auto answer = bench_.ask(data, Method::kConnectionBind, of(id));
  ASSERT_TRUE(answer && answer->is_success());
  EXPECT_EQ(answer->datagram.stream, data.stream);
  ASSERT_EQ(bench_.splices.size(), 1U);
  EXPECT_EQ(bench_.splices[0].id.value(), id);
  EXPECT_EQ(bench_.splices[0].client, (FiveTuple{data.address, kServer, data.stream}));
  bench_.run_for(std::chrono::minutes(1));
  EXPECT_TRUE(bench_.peers_closed.empty());
  EXPECT_EQ(bench_.server.stats().requests.connect, 1U);
  EXPECT_EQ(bench_.server.stats().requests.connection_bind, 1U);
}

// As coturn's client does.
TEST_F(TurnServerTcp, BindsWithTheNonceOfTheControlConnection) {
  allocate();
  const std::uint32_t id = connected(client_, kPeer);
  TestClient data = data_client(2);
  data.nonce = client_.nonce;
  EXPECT_EQ(bench_.code(data, Method::kConnectionBind, of(id)), 0);
}

TEST_F(TurnServerTcp, RefusesAConnectionBind) {
  allocate();
  const std::uint32_t id = connected(client_, kPeer);
  const ConnectPeer other = connect(client_, kOtherPeer);
  TestClient data = data_client(2);
  EXPECT_EQ(bench_.code(data, Method::kConnectionBind, of(id ^ 1)), 400) << "unknown";
  EXPECT_EQ(bench_.code(data, Method::kConnectionBind), 400) << "none";
  EXPECT_EQ(bench_.code(data, Method::kConnectionBind, of(other.id.value())), 400) << "not connected yet";
  EXPECT_EQ(bench_.code(data_client(3, "bob", "builder"), Method::kConnectionBind, of(id)), 400) << "another user's";
  EXPECT_EQ(bench_.code(client_, Method::kConnectionBind, of(id)), 400) << "on the control connection";
  TestClient over_udp = data_client(0);
  EXPECT_EQ(bench_.code(over_udp, Method::kConnectionBind, of(id)), 400) << "over UDP";
  TestClient stranger = data_client(4);
  stranger.password = "guessed";
  EXPECT_EQ(bench_.code(stranger, Method::kConnectionBind, of(id)), 401);
  stranger.nonce = data.nonce;
  EXPECT_EQ(bench_.code(stranger, Method::kConnectionBind, of(id)), 438) << "the nonce of another connection";
  stranger.nonce = client_.nonce;
  EXPECT_EQ(bench_.code(stranger, Method::kConnectionBind, of(id)), 401) << "that of the control connection";
  EXPECT_EQ(bench_.code(stranger, Method::kConnectionBind, of(id ^ 1)), 438) << "which counts for its ids";
  EXPECT_TRUE(bench_.splices.empty());
  EXPECT_EQ(bench_.code(data, Method::kConnectionBind, of(id)), 0);
  EXPECT_EQ(bench_.code(data_client(5), Method::kConnectionBind, of(id)), 400) << "taken";
}

TEST_F(TurnServerTcp, BindsWithCredentialsThatHaveEndedMeanwhile) {
  client_.username = time_limited_name({kToday.since_epoch + std::chrono::seconds(10)}, "carol");
  client_.password = time_limited_password("north", client_.username);
  allocate();
  const std::uint32_t id = connected(client_, kPeer);
  bench_.run_for(std::chrono::seconds(20));
  EXPECT_EQ(bench_.code(data_client(2, client_.username, client_.password), Method::kConnectionBind, of(id)), 0);
}

class TurnServerTcpEnd : public TurnServerTcp, public ::testing::WithParamInterface<bool> {};
INSTANTIATE_TEST_SUITE_P(ByExpiryOrNot, TurnServerTcpEnd, ::testing::Bool());

TEST_P(TurnServerTcpEnd, EverythingEndsWithTheAllocation) {
  const SocketAddress relayed = allocate();
  const std::uint32_t bound = connected(client_, kPeer);
  EXPECT_EQ(bench_.code(data_client(2), Method::kConnectionBind, of(bound)), 0);
  if (GetParam()) bench_.run_for(std::chrono::minutes(10) - std::chrono::seconds(5));
  connect(client_, kOtherPeer);
  EXPECT_EQ(connections(), 2U);
  if (GetParam()) {
    bench_.run_for(std::chrono::seconds(5));
  } else {
    bench_.server.stream_closed(kServer, client_.address, client_.stream, bench_.now);
  }
  EXPECT_TRUE(bench_.drain().empty()) << "nobody waits for an answer";
  EXPECT_EQ(connections(), 0U);
  EXPECT_EQ(bench_.peers_closed.size(), 2U);
  EXPECT_EQ(bench_.tcp_closed, std::vector{relayed});
  EXPECT_EQ(bench_.server.next_timeout(), kNever);
}

TEST_F(TurnServerTcp, AnAllocationHasSoManyConnections) {
  const SocketAddress relayed = allocate();
  EXPECT_EQ(bench_.permit(client_, {kPeer}), 0);
  for (std::size_t i = 0; i < TcpConnections::kMaxPerAllocation; ++i) {
    connect(client_, {kPeer.ip, static_cast<std::uint16_t>(1000 + i)});
  }
  EXPECT_EQ(bench_.code(client_, Method::kConnect, to(kPeer)), 508);
  EXPECT_FALSE(bench_.server.peer_accepted(relayed, kPeer, bench_.now));
  bench_.server.peer_closed(bench_.connects[3].id, bench_.now);
  connect(client_, kPeer);
}

TEST_F(TurnServerTcp, ClosesPeersThatAreNoLongerAllowed) {
  allocate();
  const std::uint32_t bad = connected(client_, kPeer);
  const std::uint32_t good = connected(client_, kOtherPeer);
  ServerConfig config = test_config();
  config.deny = {*Cidr::parse("198.51.100.7")};
  EXPECT_TRUE(bench_.server.reconfigure(config));
  bench_.drain();
  EXPECT_EQ(bench_.peers_closed, std::vector{ConnectionId(bad)});
  EXPECT_EQ(bench_.code(data_client(2), Method::kConnectionBind, of(good)), 0);
}

class TurnServerTcpPaced : public TurnServerTcp {
 protected:
  static ServerConfig config() {
    ServerConfig config = test_config();
    config.max_bytes_per_second = 1000;
    return config;
  }
  TurnServerTcpPaced() : TurnServerTcp(config()) {}
};

TEST_F(TurnServerTcpPaced, CountsAndPacesTheBytes) {
  allocate();
  const ConnectionId one(connected(client_, kPeer));
  const ConnectionId other(connected(client_, kOtherPeer));
  EXPECT_EQ(bench_.server.spliced(one, {.to_peer = 1000}, bench_.now), bench_.now) << "a second may come at once";
  const Timestamp later = bench_.server.spliced(other, {.to_client = 500}, bench_.now);
  EXPECT_NEAR(static_cast<double>((later - bench_.now).count()), 0.5e9, 1e6) << "the two together";
  EXPECT_EQ(bench_.refresh(client_, 0), 0);
  ASSERT_EQ(bench_.ended.size(), 1U);
  EXPECT_EQ(bench_.ended[0].counters.to_peers_bytes, 1000U);
  EXPECT_EQ(bench_.ended[0].counters.to_client_bytes, 500U);
  EXPECT_EQ(bench_.server.spliced(one, {.to_peer = 1'000'000}, bench_.now), bench_.now)
      << "there is nobody to wait for";
}

// Behind a NAT that maps addresses one to one.
class TurnServerTcpBehindNat : public TurnServerTcp {
 protected:
  static ServerConfig config() {
    ServerConfig config = test_config();
    config.relay_v4 = ip("10.0.0.5");
    config.advertised_v4 = ip("192.0.2.1");
    return config;
  }
  TurnServerTcpBehindNat() : TurnServerTcp(config()) {}
};

TEST_F(TurnServerTcpBehindNat, RelaysReachEachOther) {
  const SocketAddress relayed = allocate();
  TestClient other = data_client(9, "bob", "builder");
  const SocketAddress other_relayed = bench_.allocate(other, ServerBench::tcp);
  const ConnectPeer wanted = connect(client_, other_relayed);
  EXPECT_EQ(wanted.from, (SocketAddress{ip("10.0.0.5"), relayed.port}));
  EXPECT_EQ(wanted.to, (SocketAddress{ip("10.0.0.5"), other_relayed.port}));
  EXPECT_EQ(bench_.permit(other, {relayed}), 0);
  EXPECT_TRUE(bench_.server.peer_accepted(wanted.to, wanted.from, bench_.now));
  const auto out = bench_.drain();
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(stun::MessageView::parse(out[0].packet.bytes())->find_xor_address(AttributeType::kXorPeerAddress), relayed);
  EXPECT_EQ(bench_.code(client_, Method::kConnect, to(relayed)), 403) << "itself, as the client knows it";
}

}  // namespace
}  // namespace tidewire::turn
