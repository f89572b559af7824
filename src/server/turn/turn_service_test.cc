// Clients are served over real sockets: by every transport, from every thread.
#include "server/turn/turn_service.h"

#include <deque>

#include "server/turn/turn_service_for_test.h"
#include "stun/builder.h"

namespace tidewire::server {
namespace {

using testing::HasSubstr;

TEST_F(TurnServiceTest, RelaysBothWaysOverEveryTransport) {
  TurnOptions options = options_of();
  options.tls = {{kLoopback, 0}};
  options.certificate_pem = new_certificate();
  start(options);
  for (const Via via : {Via::kUdp, Via::kTcp, Via::kTls}) {
    EchoPeer peer(loop_, kPeerIp);
    const auto client = allocate(via);
    for (std::size_t size = 1; size < 8; ++size) {  // padded and not
      ASSERT_TRUE(reaches(*client, peer.address(), std::string(size, 'a'))) << size;
    }
    EXPECT_EQ(peer.heard_from, *client->relayed);
    EXPECT_TRUE(until([&] {
      client->send(peer.address(), std::string(1200, 'b'));
      return client->stats().channel_data_sent > 0;
    }));
    EXPECT_TRUE(reaches(*client, peer.address(), std::string(1101, 'c')));
  }
  const TurnStats stats = service_->stats();
  EXPECT_EQ(stats.machine.allocations_made, 3U);
  EXPECT_EQ(stats.machine.users, 1U);
  EXPECT_GE(stats.machine.to_peers, 3U * 8);
  EXPECT_GE(stats.machine.to_clients, 3U * 8);
  EXPECT_GE(stats.machine.to_peers_bytes, 3U * 1101);
  EXPECT_GT(stats.udp.datagrams_sent, stats.machine.to_peers);
  EXPECT_EQ(stats.udp.dropped_error, 0U);
}

TEST_F(TurnServiceTest, RelaysIpv6) {
  const IpAddress ip = *IpAddress::parse("::1");
  if (!io::UdpSocket::bind(loop_, {ip, 0}, [](std::span<Datagram>) {})) GTEST_SKIP() << "no IPv6 here";
  start(options_of(2, ip));
  EchoPeer peer(loop_, ip);
  for (const Via via : {Via::kUdp, Via::kTcp}) EXPECT_TRUE(reaches(*allocate(via), peer.address(), "hello"));
}

TEST_F(TurnServiceTest, ServesManyClientsFromSeveralThreads) {
  start(options_of(3));
  Clients clients = connect_many(24, Via::kUdp);
  for (auto& client : connect_many(24, Via::kTcp)) clients.push_back(std::move(client));
  ASSERT_TRUE(settle(clients));
  EXPECT_EQ(allocated(clients), clients.size());
  EXPECT_EQ(service_->allocations(), clients.size());
  EXPECT_EQ(service_->stats().machine.allocations, clients.size());
  EXPECT_EQ(service_->stats().streams, 24U);
  EchoPeer peer(loop_, kPeerIp);
  for (std::size_t i = 0; i < clients.size(); ++i) {
    EXPECT_TRUE(reaches(*clients[i], peer.address(), "client " + std::to_string(i)));
  }
}

TEST_F(TurnServiceTest, CountsAUsersQuotaOverAllThreads) {
  TurnOptions options = options_of(3);
  options.machine.max_allocations_per_user = 5;
  start(options);
  const Clients clients = connect_many(16, Via::kUdp);
  ASSERT_TRUE(settle(clients));
  EXPECT_EQ(allocated(clients), 5U);
  for (const auto& client : clients) EXPECT_TRUE(client->relayed || client->failed->code == 486);
  (void)allocate(Via::kUdp, {"bob", "builder"});
}

TEST_F(TurnServiceTest, ConnectsRelaysOfItsOwn) {
  start(options_of(3));
  Clients clients;  // all stay: who came to a port that someone left would meet his allocation (437)
  for (int i = 0; i < 6; ++i) {
    TurnTestClient& one = *clients.emplace_back(allocate(i % 2 == 0 ? Via::kUdp : Via::kTcp));
    TurnTestClient& other = *clients.emplace_back(allocate(Via::kUdp));
    other.allow(*one.relayed);
    EXPECT_TRUE(until([&] {
      one.send(*other.relayed, "hello");
      return !other.received.empty();
    }));
  }
}

// Requests that turn::Client does not make.
class Asker {
 public:
  Asker(io::EventLoop& loop, const SocketAddress& server)
      : loop_(loop), server_(server), socket_(*io::UdpSocket::bind(loop, {server.ip, 0}, [this](auto batch) {
          for (Datagram& datagram : batch)
            answer_ = Bytes(datagram.packet.bytes().begin(), datagram.packet.bytes().end());
        })) {}

  std::optional<stun::MessageView> allocate(const std::function<void(stun::MessageBuilder&)>& fill) {
    if (const auto challenge = ask({}, fill)) {
      return ask(std::string(challenge->find_text(stun::AttributeType::kNonce).value_or("")), fill);
    }
    return std::nullopt;
  }

 private:
  std::optional<stun::MessageView> ask(const std::string& nonce,
                                       const std::function<void(stun::MessageBuilder&)>& fill) {
    Bytes buffer(1000);
    stun::TransactionId id{};
    io::os_random().fill(id);
    stun::MessageBuilder builder(buffer, stun::MessageClass::kRequest, stun::Method::kAllocate, id);
    builder.add_u32(stun::AttributeType::kRequestedTransport, 17U << 24);
    fill(builder);
    if (!nonce.empty()) {
      builder.add_text(stun::AttributeType::kUsername, "alice");
      builder.add_text(stun::AttributeType::kRealm, "tidewire");
      builder.add_text(stun::AttributeType::kNonce, nonce);
      builder.add_integrity(
          turn::LongTermKey("alice", "tidewire", "wonderland", turn::PasswordAlgorithm::kMd5).bytes());
    }
    answer_.clear();
    socket_.send(loop_.packet_pool().copy_of(*builder.finish()), server_);
    loop_.run_until([&] { return !answer_.empty(); }, io::EventLoop::now() + std::chrono::seconds(30));
    return stun::MessageView::parse(answer_);
  }

  io::EventLoop& loop_;
  SocketAddress server_;
  Bytes answer_;
  io::UdpSocket socket_;
};

// RFC 8656 §7.2: the token is worth a port to whoever has it; here it mostly lands on another thread.
TEST_F(TurnServiceTest, HandsOutAReservedPortOnAnyThread) {
  start(options_of(4));
  std::deque<Asker> askers;  // all stay: who came to a port that someone left would meet his allocation (437)
  for (int i = 0; i < 8; ++i) {
    Asker& first = askers.emplace_back(loop_, door(Via::kUdp));
    const auto reserving =
        first.allocate([](stun::MessageBuilder& builder) { builder.add(stun::AttributeType::kEvenPort, Bytes{0x80}); });
    ASSERT_TRUE(reserving);
    const auto even = reserving->find_xor_address(stun::AttributeType::kXorRelayedAddress);
    const auto token = reserving->find_u64(stun::AttributeType::kReservationToken);
    ASSERT_TRUE(even && token) << reserving->error_code().value_or(stun::ErrorCodeView{}).code;
    Asker& second = askers.emplace_back(loop_, door(Via::kUdp));
    const auto redeeming = second.allocate(
        [&](stun::MessageBuilder& builder) { builder.add_u64(stun::AttributeType::kReservationToken, *token); });
    ASSERT_TRUE(redeeming);
    const auto odd = redeeming->find_xor_address(stun::AttributeType::kXorRelayedAddress);
    ASSERT_TRUE(odd);
    EXPECT_EQ(odd->port, even->port + 1);
  }
}

TEST_F(TurnServiceTest, ServesConnectionsAlone) {
  TurnOptions options = options_of(1);
  options.udp.clear();
  start(options);
  EchoPeer peer(loop_, kPeerIp);
  EXPECT_TRUE(reaches(*allocate(Via::kTcp), peer.address(), "hello"));
}

TEST_F(TurnServiceTest, AConnectionTakesItsAllocationWithIt) {
  start(options_of());
  const auto client = allocate(Via::kTcp);
  EXPECT_EQ(service_->allocations(), 1U);
  client->hang_up();
  EXPECT_TRUE(until([&] { return service_->allocations() == 0 && service_->stats().streams == 0; }));
}

TEST_F(TurnServiceTest, ClosesAConnectionWhoseAllocationHasEnded) {
  TurnOptions options = options_of();
  options.housekeeping = std::chrono::milliseconds(20);
  start(options);
  const auto client = allocate(Via::kTcp);
  const auto other = allocate(Via::kTcp);
  client->give_back();
  EXPECT_TRUE(until([&] { return client->closed.has_value(); }));
  EXPECT_EQ(service_->stats().streams, 1U);
  EXPECT_FALSE(other->closed);
}

TEST_F(TurnServiceTest, RefusesWhenNoRelayedPortCanBeOpened) {
  auto taken = io::UdpSocket::bind(loop_, {kLoopback, 0}, [](std::span<Datagram>) {});
  ASSERT_TRUE(taken);
  TurnOptions options = options_of();
  options.machine.first_relay_port = options.machine.last_relay_port = taken->local_address().port;
  start(options);
  const auto client = connect(Via::kUdp);
  ASSERT_TRUE(until([&] { return client->is_settled(); }));
  ASSERT_TRUE(client->failed);
  EXPECT_EQ(client->failed->code, 508);
  EXPECT_EQ(service_->allocations(), 0U);
  taken->close();
  (void)allocate(Via::kUdp);
}

TEST_F(TurnServiceTest, EndsAmidTraffic) {
  for (int round = 0; round < 5; ++round) {
    start(options_of(2));
    EchoPeer peer(loop_, kPeerIp);
    Clients clients = connect_many(6, Via::kUdp);
    for (auto& client : connect_many(6, Via::kTcp)) clients.push_back(std::move(client));
    ASSERT_TRUE(settle(clients));
    ASSERT_EQ(allocated(clients), clients.size());
    for (const auto& client : clients) {
      for (int i = 0; i < 100; ++i) client->send(peer.address(), "data");
    }
    ASSERT_TRUE(until([&] { return !peer.heard.empty(); }));
    for (const auto& client : clients) client->send(peer.address(), "more");
    service_.reset();
    const auto on_tcp = [](const auto& client) { return client->closed.has_value(); };
    EXPECT_TRUE(until([&] { return std::ranges::count_if(clients, on_tcp) == 6; }));
  }
}

}  // namespace
}  // namespace tidewire::server
