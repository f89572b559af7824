// A running server that is told otherwise, and what it tells and counts.
#include "turn/server_for_test.h"

namespace tidewire::turn {
namespace {

using stun::ErrorNumber;
using stun::Method;

class TurnServerConfigure : public ::testing::Test {
 protected:
  TurnServerConfigure() : relayed_(bench_.allocate(client_)) {
    EXPECT_EQ(bench_.bind(client_, 0x4000, kPeer), 0);
    EXPECT_EQ(bench_.permit(client_, {kOtherPeer}), 0);
  }
  int allocate_code(TestClient client) {
    bench_.challenge(client);
    return bench_.code(client, Method::kAllocate, ServerBench::udp);
  }

  ServerConfig config_ = test_config();
  ServerBench bench_{config_};
  TestClient client_;
  SocketAddress relayed_;
};

TEST_F(TurnServerConfigure, AllocationsOutliveTheirUser) {
  config_.users = {{"carol", "singing"}};
  ASSERT_TRUE(bench_.server.reconfigure(config_));
  EXPECT_EQ(bench_.send_channel(client_, 0x4000, "x").size(), 1U);
  EXPECT_EQ(bench_.refresh(client_, 600), 0) << "by the key that it was made with";
  TestClient again = client_;
  again.address.port = 1;
  EXPECT_EQ(allocate_code(again), 401);
  TestClient carol{.address = address("203.0.113.7:1"), .username = "carol", .password = "singing"};
  EXPECT_EQ(allocate_code(carol), 0);

  config_.end_with_credentials = true;
  ASSERT_TRUE(bench_.server.reconfigure(config_));
  EXPECT_EQ(bench_.refresh(client_, 600), 401);
}

TEST_F(TurnServerConfigure, ANewRealmIsForWhatComesNext) {
  config_.realm = "sea";
  ASSERT_TRUE(bench_.server.reconfigure(config_));
  EXPECT_EQ(bench_.refresh(client_, 600), 0);
  TestClient late{.address = address("203.0.113.7:1")};
  const auto answer = bench_.ask(late, Method::kAllocate, ServerBench::udp);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->text(stun::AttributeType::kRealm), "sea");
}

TEST_F(TurnServerConfigure, QuotasAndLifetimesAreForWhatComesNext) {
  config_.max_allocations_per_user = 1;
  config_.default_lifetime = std::chrono::minutes(2);
  ASSERT_TRUE(bench_.server.reconfigure(config_));
  TestClient second{.address = address("203.0.113.7:1")};
  EXPECT_EQ(allocate_code(second), 486);
  EXPECT_EQ(bench_.refresh(client_, {}), 0);
  EXPECT_EQ(bench_.server.next_timeout(), bench_.now + std::chrono::minutes(2));
  config_.max_allocations = 1;
  ASSERT_TRUE(bench_.server.reconfigure(config_));
  TestClient bob{.address = address("203.0.113.7:2"), .username = "bob", .password = "builder"};
  EXPECT_EQ(allocate_code(bob), 508);
}

TEST_F(TurnServerConfigure, PeersThatAreNoLongerAllowedAreLeftAtOnce) {
  config_.deny = {*Cidr::parse("198.51.100.7")};
  ASSERT_TRUE(bench_.server.reconfigure(config_));
  EXPECT_TRUE(bench_.send_channel(client_, 0x4000, "x").empty());
  EXPECT_TRUE(bench_.send_indication(client_, kPeer, "x").empty());
  EXPECT_TRUE(bench_.from_peer(relayed_, kPeer, "x").empty());
  EXPECT_EQ(bench_.bind(client_, 0x4000, kPeer), 403);
  EXPECT_EQ(bench_.send_indication(client_, kOtherPeer, "x").size(), 1U);
  config_.deny.clear();
  ASSERT_TRUE(bench_.server.reconfigure(config_));
  EXPECT_TRUE(bench_.send_channel(client_, 0x4000, "x").empty()) << "what has ended has to be asked for again";
  EXPECT_EQ(bench_.bind(client_, 0x4000, kPeer), 0);
  EXPECT_EQ(bench_.send_channel(client_, 0x4000, "x").size(), 1U);
}

TEST_F(TurnServerConfigure, RatesAndNoncesFollow) {
  config_.challenge_burst = 1;
  config_.challenges_per_second = 1;
  config_.nonce_lifetime = std::chrono::seconds(10);
  ASSERT_TRUE(bench_.server.reconfigure(config_));
  bench_.run_for(std::chrono::seconds(20));
  EXPECT_EQ(bench_.refresh(client_, 600), 438) << "also nonces that are out";
  EXPECT_EQ(bench_.refresh(client_, 600), -1) << "held";
}

TEST_F(TurnServerConfigure, WhatCannotChangeIsNamedAndNothingHasChanged) {
  struct Case {
    const char* named;
    std::function<void(ServerConfig&)> change;
  };
  const std::vector<Case> cases{
      {"listen", [](ServerConfig& c) { c.listen.push_back(address("192.0.2.1:443")); }},
      {"alternate", [](ServerConfig& c) { c.alternate = address("192.0.2.9:3479"); }},
      {"relay_v4", [](ServerConfig& c) { c.relay_v4 = ip("192.0.2.2"); }},
      {"relay_v6", [](ServerConfig& c) { c.relay_v6.reset(); }},
      {"advertised_v4", [](ServerConfig& c) { c.advertised_v4 = ip("192.0.2.2"); }},
      {"advertised_v6", [](ServerConfig& c) { c.advertised_v6 = ip("2001:db8::9"); }},
      {"first_relay_port", [](ServerConfig& c) { c.first_relay_port = 50000; }},
      {"last_relay_port", [](ServerConfig& c) { c.last_relay_port = 60000; }},
      {"realm", [](ServerConfig& c) { c.realm.clear(); }},
      {"secrets", [](ServerConfig& c) { c.shared_secrets.assign(9, "s"); }},
  };
  for (const auto& [named, change] : cases) {
    ServerConfig config = config_;
    change(config);
    config.users.clear();
    config.deny = {*Cidr::parse("0.0.0.0/0")};
    const auto result = bench_.server.reconfigure(config);
    ASSERT_FALSE(result) << named;
    EXPECT_NE(result.error().message.find(named), std::string::npos) << result.error().message;
  }
  EXPECT_EQ(bench_.send_channel(client_, 0x4000, "x").size(), 1U);
  TestClient second{.address = address("203.0.113.7:1")};
  EXPECT_EQ(allocate_code(second), 0);
}

TEST_F(TurnServerConfigure, ADrainingServerOnlyKeepsWhatItHas) {
  TestClient late{.address = address("203.0.113.7:1")};
  bench_.challenge(late);
  const auto id = bench_.new_id();
  ASSERT_TRUE(bench_.ask(late, Method::kAllocate, ServerBench::udp, id)->is_success());
  bench_.server.set_draining(true);
  EXPECT_TRUE(bench_.ask(late, Method::kAllocate, ServerBench::udp, id)->is_success()) << "a repetition";
  TestClient next{.address = address("203.0.113.7:2")};
  EXPECT_EQ(allocate_code(next), 508);
  EXPECT_EQ(bench_.refresh(client_, 600), 0);
  EXPECT_EQ(bench_.bind(client_, 0x4001, {kPeer.ip, 9}), 0);
  EXPECT_EQ(bench_.send_channel(client_, 0x4001, "x").size(), 1U);
  EXPECT_EQ(bench_.code(TestClient{}, Method::kBinding), 0);
  bench_.server.set_draining(false);
  EXPECT_EQ(allocate_code(next), 0);
}

TEST_F(TurnServerConfigure, TellsOfTheLivesOfAllocations) {
  ASSERT_EQ(bench_.made.size(), 1U);
  EXPECT_EQ(bench_.made[0].account, "alice");
  EXPECT_EQ(bench_.made[0].client.client, client_.address);
  EXPECT_EQ(bench_.made[0].relays[0], relayed_);
  EXPECT_EQ(bench_.made[0].relays[1], SocketAddress{});
  EXPECT_EQ(bench_.made[0].lifetime, std::chrono::minutes(10));

  (void)bench_.send_channel(client_, 0x4000, "four");
  (void)bench_.send_indication(client_, kOtherPeer, "sixsix");
  (void)bench_.from_peer(relayed_, kPeer, "back");
  (void)bench_.from_peer(relayed_, address("198.51.100.99:1"), "unwanted");
  bench_.run_for(std::chrono::seconds(90));
  EXPECT_EQ(bench_.refresh(client_, 0), 0);
  ASSERT_EQ(bench_.ended.size(), 1U);
  const AllocationEnded& ended = bench_.ended[0];
  EXPECT_EQ(ended.account, "alice");
  EXPECT_EQ(ended.client.client, client_.address);
  EXPECT_EQ(ended.relays[0], relayed_);
  EXPECT_EQ(ended.duration, std::chrono::seconds(90));
  EXPECT_EQ(ended.reason, EndReason::kByClient);
  EXPECT_EQ(ended.counters.to_peers, 2U);
  EXPECT_EQ(ended.counters.to_peers_bytes, 10U);
  EXPECT_EQ(ended.counters.to_client, 1U);
  EXPECT_EQ(ended.counters.to_client_bytes, 4U);

  (void)bench_.allocate(client_);
  bench_.run_for(std::chrono::minutes(10));
  TestClient stream{.stream = StreamId(3)};
  (void)bench_.allocate(stream);
  bench_.server.stream_closed(kServer, stream.address, stream.stream, bench_.now);
  bench_.handle_events();
  ASSERT_EQ(bench_.ended.size(), 3U);
  EXPECT_EQ(bench_.ended[1].reason, EndReason::kExpired);
  EXPECT_EQ(bench_.ended[1].duration, std::chrono::minutes(10));
  EXPECT_EQ(bench_.ended[2].reason, EndReason::kConnectionClosed);
  EXPECT_EQ(bench_.ended[2].client.stream, StreamId(3));
}

TEST_F(TurnServerConfigure, AnAllocationThatNeverWasIsNotToldOf) {
  bench_.open_relays = false;
  TestClient late{.address = address("203.0.113.7:1")};
  bench_.challenge(late);
  (void)bench_.ask(late, Method::kAllocate, ServerBench::udp);
  for (std::size_t tried = 0; tried < bench_.opened.size(); ++tried) {
    if (bench_.opened[tried] == relayed_) continue;
    bench_.server.relay_failed(bench_.opened[tried], bench_.now);
    bench_.handle_events();
  }
  EXPECT_EQ(bench_.server.stats().allocations, 1U);
  EXPECT_EQ(bench_.made.size(), 1U);
  EXPECT_TRUE(bench_.ended.empty());
}

TEST_F(TurnServerConfigure, ALogThatNobodyReadsCostsNoPort) {
  constexpr std::size_t kRounds = Server::kMaxQueuedLogEvents;
  std::size_t opened = 0;
  std::size_t closed = 0;
  std::size_t others = 0;
  TestClient client{.address = address("203.0.113.7:1")};
  bench_.challenge(client);
  const auto poll = [&](bool all) {
    // Only so many events as there are for ports, which come first.
    while (auto event = bench_.server.poll_event()) {
      if (const auto* open = std::get_if<OpenRelay>(&*event)) {
        ++opened;
        bench_.server.relay_opened(open->address, bench_.now);
      } else if (std::holds_alternative<CloseRelay>(*event)) {
        ++closed;
      } else {
        ++others;
      }
      if (!all) return;
    }
  };
  for (std::size_t i = 0; i < kRounds; ++i) {
    for (const bool end : {false, true}) {
      const Bytes request =
          bench_.request(client, end ? Method::kRefresh : Method::kAllocate, [&](stun::MessageBuilder& builder) {
            if (end) builder.add_u32(stun::AttributeType::kLifetime, 0);
            if (!end) ServerBench::udp(builder);
          });
      bench_.server.handle_input({kServer, client.address, bench_.pool.copy_of(request), {}}, bench_.now);
      poll(false);
      (void)bench_.server.poll_transmit();
    }
  }
  EXPECT_EQ(opened, kRounds);
  EXPECT_EQ(closed, kRounds);
  EXPECT_EQ(bench_.server.stats().log_lost, kRounds);
  poll(true);
  EXPECT_EQ(others, Server::kMaxQueuedLogEvents);
}

TEST_F(TurnServerConfigure, AnAllocationCarriesOnlySoMuch) {
  config_.max_bytes_per_second = 10'000;
  ASSERT_TRUE(bench_.server.reconfigure(config_));
  const std::string data(100, 'x');
  const auto carried = [&](int each_way) {
    std::size_t count = 0;
    for (int i = 0; i < each_way; ++i) {
      count += bench_.send_channel(client_, 0x4000, data).size();
      count += bench_.from_peer(relayed_, kPeer, data).size();
    }
    return count;
  };
  EXPECT_EQ(carried(200), 101U) << "a second's worth, and the one that goes over it";
  EXPECT_EQ(bench_.server.stats().dropped_over_rate, 299U);
  bench_.run_for(std::chrono::milliseconds(500));
  EXPECT_EQ(carried(200), 50U);
  // Nobody else's.
  TestClient other{.address = address("203.0.113.7:1")};
  (void)bench_.allocate(other);
  EXPECT_EQ(bench_.bind(other, 0x4000, kPeer), 0);
  EXPECT_EQ(bench_.send_channel(other, 0x4000, data).size(), 1U);
  EXPECT_EQ(bench_.refresh(client_, 0), 0);
  EXPECT_EQ(bench_.ended.at(0).counters.dropped_over_rate, 649U);
  EXPECT_EQ(bench_.ended.at(0).counters.to_peers + bench_.ended.at(0).counters.to_client, 151U);
}

TEST_F(TurnServerConfigure, CountsRequestsAndErrors) {
  const ServerStats before = bench_.server.stats();
  EXPECT_EQ(before.requests.allocate, 2U);
  EXPECT_EQ(before.requests.channel_bind, 1U);
  EXPECT_EQ(before.requests.create_permission, 1U);
  EXPECT_EQ(before.errors.of(ErrorNumber::kUnauthenticated), 1U);
  (void)bench_.code(client_, Method::kBinding);
  (void)bench_.refresh(client_, 600);
  (void)bench_.code(client_, Method{0x0ff});
  EXPECT_EQ(bench_.permit(client_, {address("10.0.0.1:1")}), 403);
  EXPECT_EQ(bench_.permit(client_, {address("10.0.0.1:1")}), 403);
  EXPECT_EQ(bench_.bind(client_, 1, kPeer), 400);
  EXPECT_EQ(
      bench_.code(client_, Method::kRefresh, [](stun::MessageBuilder& b) { b.add_flag(stun::AttributeType{9999}); }),
      420);
  const ServerStats stats = bench_.server.stats();
  EXPECT_EQ(stats.requests.binding, 1U);
  EXPECT_EQ(stats.requests.refresh, 2U);
  EXPECT_EQ(stats.requests.unknown, 1U);
  EXPECT_EQ(stats.errors.of(ErrorNumber::kForbidden), 2U);
  EXPECT_EQ(stats.errors.of(ErrorNumber::kBadRequest), 1U);
  EXPECT_EQ(stats.errors.of(ErrorNumber::kUnknownAttribute), 1U);
  EXPECT_EQ(stats.errors.of(ErrorNumber::kRoleConflict), 0U) << "never sent";
}

}  // namespace
}  // namespace tidewire::turn
