// Allocate, and the life of relayed ports.
#include <set>

#include "turn/server_for_test.h"

namespace tidewire::turn {
namespace {

using stun::AttributeType;
using stun::Method;

Fill with(std::vector<std::pair<AttributeType, Bytes>> attributes) {
  return [attributes = std::move(attributes)](stun::MessageBuilder& builder) {
    ServerBench::udp(builder);
    for (const auto& [type, value] : attributes) builder.add(type, value);
  };
}

const Bytes kV4{1, 0, 0, 0};
const Bytes kV6{2, 0, 0, 0};

TEST(TurnServerAllocate, GivesARelayedAddress) {
  ServerBench bench;
  TestClient client;
  bench.challenge(client);
  const auto answer = bench.ask(client, Method::kAllocate, ServerBench::udp);
  ASSERT_TRUE(answer && answer->is_success());
  EXPECT_EQ(answer->relayed().ip, ip("192.0.2.1"));
  EXPECT_GE(answer->relayed().port, 49152);
  EXPECT_EQ(bench.opened, std::vector{answer->relayed()});
  EXPECT_EQ(answer->message().find_xor_address(AttributeType::kXorMappedAddress), client.address);
  EXPECT_EQ(answer->lifetime(), 600U);
  EXPECT_EQ(answer->datagram.local, kServer);
  EXPECT_EQ(bench.server.stats().allocations, 1U);
  EXPECT_EQ(bench.server.next_timeout(), bench.now + std::chrono::minutes(10));
}

TEST(TurnServerAllocate, AnswersARepetitionTheSame) {
  ServerBench bench;
  TestClient client;
  bench.challenge(client);
  const Bytes request = bench.request(client, Method::kAllocate, ServerBench::udp);
  const auto first = bench.ask_raw(client, request);
  bench.run_for(std::chrono::seconds(20));
  const auto second = bench.ask_raw(client, request);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(text(first->datagram), text(second->datagram));
  EXPECT_EQ(bench.opened.size(), 1U);
  EXPECT_EQ(bench.server.stats().allocations_made, 1U);
  // Another Allocate is none: RFC 8656 §7.2.
  EXPECT_EQ(bench.code(client, Method::kAllocate, ServerBench::udp), 437);
}

TEST(TurnServerAllocate, RefusesWhatItCannotDo) {
  ServerConfig config = test_config();
  config.relay_v6.reset();
  ServerBench bench(config);
  TestClient client;
  bench.challenge(client);
  const Bytes token(8, 1);
  struct Case {
    int code;
    const char* what;
    Fill fill;
  };
  const std::vector<Case> cases{
      {400, "no transport", [](stun::MessageBuilder&) {}},
      {400, "short transport",
       [](stun::MessageBuilder& b) {
         b.add(AttributeType::kRequestedTransport, Bytes{17, 0});
       }},
      {400, "TCP over UDP", [](stun::MessageBuilder& b) { b.add_u32(AttributeType::kRequestedTransport, 6U << 24); }},
      {442, "SCTP", [](stun::MessageBuilder& b) { b.add_u32(AttributeType::kRequestedTransport, 132U << 24); }},
      {420, "DONT-FRAGMENT", with({{AttributeType::kDontFragment, {}}})},
      {440, "IPv6", with({{AttributeType::kRequestedAddressFamily, kV6}})},
      {440, "family 3", with({{AttributeType::kRequestedAddressFamily, {3, 0, 0, 0}}})},
      {400, "short family", with({{AttributeType::kRequestedAddressFamily, {1}}})},
      {400, "two kinds of family",
       with({{AttributeType::kRequestedAddressFamily, kV4}, {AttributeType::kAdditionalAddressFamily, kV6}})},
      {400, "additional IPv4", with({{AttributeType::kAdditionalAddressFamily, kV4}})},
      {400, "additional and reserved",
       with({{AttributeType::kAdditionalAddressFamily, kV6}, {AttributeType::kEvenPort, {0x80}}})},
      {400, "long EVEN-PORT", with({{AttributeType::kEvenPort, {0x80, 0}}})},
      {400, "token and EVEN-PORT", with({{AttributeType::kReservationToken, token}, {AttributeType::kEvenPort, {0}}})},
      {400, "token and family",
       with({{AttributeType::kReservationToken, token}, {AttributeType::kRequestedAddressFamily, kV4}})},
      {400, "short token", with({{AttributeType::kReservationToken, {1, 2}}})},
      {508, "unknown token", with({{AttributeType::kReservationToken, token}})},
  };
  for (const auto& [code, what, fill] : cases) EXPECT_EQ(bench.code(client, Method::kAllocate, fill), code) << what;
  EXPECT_EQ(bench.server.stats().allocations, 0U);
  EXPECT_EQ(bench.server.stats().users, 0U);
  EXPECT_EQ(bench.code(client, Method::kAllocate, ServerBench::udp), 0);
}

TEST(TurnServerAllocate, UnderstandsDontFragmentWhenItsOwnerDoes) {
  ServerConfig config = test_config();
  config.relays_set_dont_fragment = true;
  ServerBench bench(config);
  TestClient client;
  bench.allocate(client, with({{AttributeType::kDontFragment, {}}}));
  EXPECT_EQ(bench.permit(client, {kPeer}), 0);
  EXPECT_EQ(bench.send_indication(client, kPeer, "whole", true).size(), 1U);
}

TEST(TurnServerAllocate, KeepsLifetimesWithinItsBounds) {
  struct Case {
    std::uint32_t asked;
    std::uint32_t granted;
  };
  std::uint16_t port = 40000;
  for (const auto& [asked, granted] :
       {Case{0, 600}, Case{10, 600}, Case{600, 600}, Case{1800, 1800}, Case{3600, 3600}, Case{~0U, 3600}}) {
    const std::uint32_t lifetime = asked;
    ServerBench bench;
    TestClient client{.address = {ip("203.0.113.5"), port++}};
    bench.challenge(client);
    const Fill fill = [lifetime](stun::MessageBuilder& builder) {
      ServerBench::udp(builder);
      builder.add_u32(AttributeType::kLifetime, lifetime);
    };
    EXPECT_EQ(bench.ask(client, Method::kAllocate, fill)->lifetime(), granted);
    EXPECT_EQ(bench.ask(client, Method::kRefresh, fill)->lifetime(), asked == 0 ? 0 : granted);
  }
}

TEST(TurnServerAllocate, RelaysOverIpv6) {
  ServerBench bench;
  TestClient client;
  const SocketAddress relayed = bench.allocate(client, with({{AttributeType::kRequestedAddressFamily, kV6}}));
  EXPECT_EQ(relayed.ip, ip("2001:db8::1"));
  const SocketAddress peer = address("[2001:db8::77]:5000");
  EXPECT_EQ(bench.permit(client, {kPeer}), 443);
  EXPECT_EQ(bench.bind(client, 0x4000, kPeer), 443);
  EXPECT_EQ(bench.permit(client, {peer}), 0);
  const auto out = bench.send_indication(client, peer, "hello");
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].local, relayed);
  EXPECT_EQ(out[0].remote, peer);
  EXPECT_EQ(text(out[0]), "hello");
  EXPECT_EQ(bench.from_peer(relayed, peer, "back").size(), 1U);
}

TEST(TurnServerAllocate, RelaysOverBothFamiliesAtOnce) {
  ServerBench bench;
  TestClient client;
  bench.allocate(client, with({{AttributeType::kAdditionalAddressFamily, kV6}}));
  ASSERT_EQ(bench.opened.size(), 2U);
  const SocketAddress v6_peer = address("[2001:db8::77]:5000");
  EXPECT_EQ(bench.permit(client, {kPeer, v6_peer}), 0);
  EXPECT_EQ(bench.send_indication(client, kPeer, "four")[0].local, bench.opened[0]);
  EXPECT_EQ(bench.send_indication(client, v6_peer, "six")[0].local, bench.opened[1]);
  // RFC 8656 §8.2: one of them can be given up.
  EXPECT_EQ(bench.code(client, Method::kRefresh,
                       [](stun::MessageBuilder& builder) {
                         builder.add_u32(AttributeType::kLifetime, 0);
                         builder.add(AttributeType::kRequestedAddressFamily, kV6);
                       }),
            0);
  EXPECT_TRUE(bench.send_indication(client, v6_peer, "six").empty());
  EXPECT_EQ(bench.permit(client, {v6_peer}), 443);
  EXPECT_EQ(bench.send_indication(client, kPeer, "four").size(), 1U);
  EXPECT_EQ(bench.closed, std::vector{bench.opened[1]});
}

TEST(TurnServerAllocate, GivesTheFamilyThatItHasOfTwo) {
  ServerConfig config = test_config();
  config.relay_v6.reset();
  ServerBench bench(config);
  TestClient client;
  bench.challenge(client);
  const auto answer = bench.ask(client, Method::kAllocate, with({{AttributeType::kAdditionalAddressFamily, kV6}}));
  ASSERT_TRUE(answer && answer->is_success());
  EXPECT_EQ(answer->relayed().ip, ip("192.0.2.1"));
  const auto error = answer->message().find(AttributeType::kAddressErrorCode);
  ASSERT_TRUE(error);
  EXPECT_EQ(Bytes(error->begin(), error->end()), (Bytes{2, 0, 4, 40}));
}

TEST(TurnServerAllocate, TellsTheAddressOutsideOfItsNat) {
  ServerConfig config = test_config();
  config.relay_v4 = ip("10.0.0.5");
  config.advertised_v4 = ip("203.0.113.200");
  ServerBench bench(config);
  TestClient client;
  EXPECT_EQ(bench.allocate(client).ip, ip("203.0.113.200"));
  EXPECT_EQ(bench.opened[0].ip, ip("10.0.0.5"));
}

TEST(TurnServerAllocate, ReservesThePortBehindAnEvenOne) {
  ServerBench bench;
  TestClient client;
  bench.challenge(client);
  const auto answer = bench.ask(client, Method::kAllocate, with({{AttributeType::kEvenPort, {0x80}}}));
  ASSERT_TRUE(answer && answer->is_success());
  EXPECT_EQ(answer->relayed().port % 2, 0);
  const auto token = answer->message().find(AttributeType::kReservationToken);
  ASSERT_TRUE(token);
  const Fill claim = with({{AttributeType::kReservationToken, Bytes(token->begin(), token->end())}});
  // Another user's token is none.
  TestClient bob{.address = address("203.0.113.6:40000"), .username = "bob", .password = "builder"};
  bench.challenge(bob);
  EXPECT_EQ(bench.code(bob, Method::kAllocate, claim), 508);
  TestClient second{.address = address("203.0.113.5:40001")};
  EXPECT_EQ(bench.allocate(second, claim).port, answer->relayed().port + 1);
  // Once only.
  TestClient third{.address = address("203.0.113.5:40002")};
  bench.challenge(third);
  EXPECT_EQ(bench.code(third, Method::kAllocate, claim), 508);
}

TEST(TurnServerAllocate, LetsAReservationGoAfterHalfAMinute) {
  ServerConfig config = test_config();
  config.first_relay_port = 50000;
  config.last_relay_port = 50001;
  ServerBench bench(config);
  TestClient client;
  bench.challenge(client);
  const auto answer = bench.ask(client, Method::kAllocate, with({{AttributeType::kEvenPort, {0x80}}}));
  ASSERT_TRUE(answer && answer->is_success());
  const auto token = answer->message().find(AttributeType::kReservationToken);
  TestClient other{.address = address("203.0.113.5:40001")};
  bench.challenge(other);
  EXPECT_EQ(bench.code(other, Method::kAllocate, ServerBench::udp), 508);
  EXPECT_EQ(bench.server.next_timeout(), bench.now + std::chrono::seconds(30));
  bench.run_for(std::chrono::seconds(30));
  EXPECT_EQ(bench.code(other, Method::kAllocate,
                       with({{AttributeType::kReservationToken, Bytes(token->begin(), token->end())}})),
            508);
  EXPECT_EQ(bench.code(other, Method::kAllocate, ServerBench::udp), 0);
}

TEST(TurnServerAllocate, GivesEvenPortsWhenAsked) {
  ServerBench bench;
  for (std::uint16_t port = 1000; port < 1050; ++port) {
    TestClient client{.address = {ip("203.0.113.5"), port}};
    EXPECT_EQ(bench.allocate(client, with({{AttributeType::kEvenPort, {0}}})).port % 2, 0);
  }
}

TEST(TurnServerAllocate, EndsAtItsQuotas) {
  ServerConfig config = test_config();
  config.max_allocations_per_user = 2;
  config.max_allocations = 3;
  ServerBench bench(config);
  std::vector<TestClient> clients;
  const auto add = [&](const std::string& user, const std::string& password) {
    TestClient client{.address = {ip("203.0.113.5"), static_cast<std::uint16_t>(1000 + clients.size())},
                      .username = user,
                      .password = password};
    bench.challenge(client);
    const int code = bench.code(client, Method::kAllocate, ServerBench::udp);
    clients.push_back(client);
    return code;
  };
  const auto timed = [&](int seconds) {
    const std::string name = time_limited_name({kToday.since_epoch + std::chrono::seconds(seconds)}, "dave");
    return add(name, time_limited_password("north", name));
  };
  EXPECT_EQ(timed(100), 0);
  EXPECT_EQ(timed(200), 0);
  EXPECT_EQ(timed(300), 486) << "a new name does not give a new quota";
  EXPECT_EQ(add("alice", "wonderland"), 0);
  EXPECT_EQ(add("bob", "builder"), 508);
  EXPECT_EQ(bench.server.stats().users, 2U);
  EXPECT_EQ(bench.refresh(clients[0], 0), 0);
  EXPECT_EQ(timed(300), 0);
}

TEST(TurnServerAllocate, GivesEveryPortOnceAndThenNone) {
  ServerConfig config = test_config();
  config.first_relay_port = 50000;
  config.last_relay_port = 50031;
  ServerBench bench(config);
  std::set<std::uint16_t> ports;
  std::vector<TestClient> clients;
  for (std::uint16_t i = 0; i < 32; ++i) {
    clients.push_back({.address = {ip("203.0.113.5"), static_cast<std::uint16_t>(1000 + i)}});
    ports.insert(bench.allocate(clients.back()).port);
  }
  EXPECT_EQ(ports.size(), 32U);
  TestClient late{.address = address("203.0.113.5:999")};
  bench.challenge(late);
  EXPECT_EQ(bench.code(late, Method::kAllocate, ServerBench::udp), 508);
  EXPECT_EQ(bench.refresh(clients[7], 0), 0);
  EXPECT_EQ(bench.code(late, Method::kAllocate, ServerBench::udp), 0);
}

TEST(TurnServerAllocate, DoesNotChooseAPortBeforeItsOwnerHasClosedIt) {
  ServerConfig config = test_config();
  config.first_relay_port = config.last_relay_port = 50000;
  ServerBench bench(config);
  TestClient client;
  TestClient other{.address = address("203.0.113.6:40000")};
  bench.allocate(client);
  bench.challenge(other);
  const auto feed = [&](const TestClient& who, Method method, const Fill& fill) {
    bench.server.handle_input({kServer, who.address, bench.pool.copy_of(bench.request(who, method, fill))}, bench.now);
    const auto answer = bench.server.poll_transmit();
    const auto message = stun::MessageView::parse(answer->packet.bytes());
    return message->error_code() ? message->error_code()->code : 0;
  };
  EXPECT_EQ(feed(client, Method::kRefresh, [](stun::MessageBuilder& b) { b.add_u32(AttributeType::kLifetime, 0); }), 0);
  EXPECT_EQ(feed(other, Method::kAllocate, ServerBench::udp), 508);
  bench.handle_events();
  EXPECT_EQ(bench.code(other, Method::kAllocate, ServerBench::udp), 0);
}

TEST(TurnServerAllocate, AnswersWhenThePortIsOpenAndNotBefore) {
  ServerBench bench;
  bench.open_relays = false;
  TestClient client;
  bench.challenge(client);
  const Bytes request = bench.request(client, Method::kAllocate, ServerBench::udp);
  EXPECT_FALSE(bench.ask_raw(client, request));
  EXPECT_FALSE(bench.ask_raw(client, request));
  ASSERT_EQ(bench.opened.size(), 1U);
  EXPECT_EQ(bench.permit(client, {kPeer}), 437) << "it is not told yet";
  bench.server.relay_opened(bench.opened[0], bench.now);
  bench.server.relay_opened(bench.opened[0], bench.now);
  bench.server.relay_failed(bench.opened[0], bench.now);
  const auto out = bench.drain();
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(stun::MessageView::parse(out[0].packet.bytes())->find_xor_address(AttributeType::kXorRelayedAddress),
            bench.opened[0]);
}

TEST(TurnServerAllocate, TriesOtherPortsWhenOneDoesNotOpen) {
  ServerBench bench;
  bench.open_relays = false;
  TestClient client;
  bench.challenge(client);
  EXPECT_FALSE(bench.ask(client, Method::kAllocate, ServerBench::udp));
  for (std::size_t i = 0; i + 1 < Server::kMaxPortAttempts; ++i) {
    ASSERT_EQ(bench.opened.size(), i + 1);
    bench.server.relay_failed(bench.opened[i], bench.now);
    EXPECT_TRUE(bench.drain().empty());
  }
  bench.server.relay_failed(bench.opened.back(), bench.now);
  const auto out = bench.drain();
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(stun::MessageView::parse(out[0].packet.bytes())->error_code()->code, 508);
  EXPECT_EQ(bench.server.stats().allocations, 0U);
  EXPECT_EQ(bench.server.stats().users, 0U);
  EXPECT_TRUE(bench.closed.empty());
}

TEST(TurnServerAllocate, LivesWithOneOfTwoPorts) {
  ServerBench bench;
  bench.open_relays = false;
  TestClient client;
  bench.challenge(client);
  EXPECT_FALSE(bench.ask(client, Method::kAllocate, with({{AttributeType::kAdditionalAddressFamily, kV6}})));
  ASSERT_EQ(bench.opened.size(), 2U);
  bench.server.relay_opened(bench.opened[1], bench.now);
  for (int i = 0; i < Server::kMaxPortAttempts; ++i) {
    const SocketAddress v4 = i == 0 ? bench.opened[0] : bench.opened.back();
    bench.server.relay_failed(v4, bench.now);
    bench.handle_events();
  }
  const auto out = bench.drain();
  ASSERT_EQ(out.size(), 1U);
  const auto answer = stun::MessageView::parse(out[0].packet.bytes());
  EXPECT_EQ(answer->find_xor_address(AttributeType::kXorRelayedAddress), bench.opened[1]);
  EXPECT_TRUE(answer->has(AttributeType::kAddressErrorCode));
}

}  // namespace
}  // namespace tidewire::turn
